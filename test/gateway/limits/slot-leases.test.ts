import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createDeskLedger } from '../../../gateway/limits/desk-ledger.ts'
import { SlotBook } from '../../../gateway/limits/slot-book.ts'
import { SlotDesk } from '../../../gateway/limits/slot-desk.ts'
import { SlotLeases } from '../../../gateway/limits/slot-leases.ts'
import type { SlotLedger, SlotNotice } from '../../../gateway/limits/slot-ledger.ts'
import { until } from '../../doubles/gateway.ts'

const now = () => performance.now()
const log = { info: () => undefined, warn: () => undefined }

/** Processes that share one desk; each call takes a moment, and `fails` says which are lost. */
function createCrew(size: number, fails: () => boolean = () => false) {
  const listeners = new Map<number, (notice: SlotNotice) => void>()
  const desk = new SlotDesk((member, notice) => setImmediate(() => listeners.get(member)?.(notice)))
  const books = Array.from({ length: size }, (_, member) => {
    const ledger: SlotLedger = createDeskLedger({
      isOpen: true,
      onNotice: (listener) => void listeners.set(member, listener),
      async ask(asked) {
        await sleep(0)
        if (fails()) throw new Error('lost on the way there')
        const answer = desk.answer(member, asked)
        await sleep(0)
        if (fails()) throw new Error('lost on the way back')
        return answer
      },
    })
    return new SlotBook(now, new SlotLeases(ledger, now, log))
  })
  return { books, close: () => Promise.all(books.map((book) => book.close())) }
}

const ask = { flow: 'a', tokens: 1, patienceMs: 60_000 }
const queue = { maxWaitMs: 60_000, maxLength: 1_000 }

/** Has each process serve so many callers; gives how many were served at once at most. */
async function serveAll(books: readonly SlotBook[], total: number, callers: readonly number[]) {
  let running = 0
  let most = 0
  await Promise.all(
    books.flatMap((book, which) =>
      Array.from({ length: callers[which] ?? 0 }, async () => {
        const slots = book.of('gpu', { total, queue })
        const slot = slots.tryTake(now()) ?? (await slots.wait(ask, now()).slot)
        running += 1
        most = Math.max(most, running)
        await sleep(1)
        running -= 1
        slot?.release()
      }),
    ),
  )
  return most
}

describe('whatever the number of places, processes and callers', () => {
  const crowd = fc.record({
    total: fc.integer({ min: 1, max: 5 }),
    callers: fc.array(fc.nat(25), { minLength: 1, maxLength: 4 }),
  })

  test('all are served, never more at once than there are places', async () => {
    await fc.assert(
      fc.asyncProperty(crowd, async ({ total, callers }) => {
        const { books, close } = createCrew(callers.length)
        expect(await serveAll(books, total, callers)).toBeLessThanOrEqual(total)
        await close()
      }),
      { numRuns: 15 },
    )
  })

  test('also where calls to the ledger are lost now and then', async () => {
    let calls = 0
    const { books, close } = createCrew(3, () => (calls += 1) % 23 === 0)
    expect(await serveAll(books, 3, [60, 40, 5])).toBe(3)
    await close()
  })
})

test('processes that do nothing hold an even share each, so that an outage finds none without', async () => {
  const { books, close } = createCrew(2)
  const slots = books.map((book) => book.of('gpu', { total: 7, queue }))
  await until(() => slots.every(({ capacity }) => capacity === 3))
  await close()
})

test('a process that comes later is left its share of what is idle', async () => {
  const { books, close } = createCrew(2)
  const [first, second] = books
  await serveAll(first ? [first] : [], 6, [6])
  const late = second?.of('gpu', { total: 6, queue })
  await until(() => late?.capacity === 3)
  expect(first?.of('gpu', { total: 6, queue }).capacity).toBe(3)
  await close()
})

test.each([
  { isStrict: true, expected: 0 },
  { isStrict: false, expected: 6 },
])('out of touch from the start, a process has $expected places of 6: %o', async (given) => {
  let later = 0
  const clock = () => performance.now() + later
  const ledger = createDeskLedger({
    isOpen: false,
    onNotice: () => undefined,
    ask: () => Promise.reject(new Error('away')),
  })
  const book = new SlotBook(clock, new SlotLeases(ledger, clock, log, () => given.isStrict))
  const slots = book.of('gpu', { total: 6, queue })
  const lost = Promise.withResolvers<void>()
  const grant = slots.grant.bind(slots)
  slots.grant = (capacity) => {
    grant(capacity)
    lost.resolve()
  }
  later = 5000
  await lost.promise
  expect(slots.capacity).toBe(given.expected)
  await book.close()
})

test('a process that has ended leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const { books, close } = createCrew(2)
  await serveAll(books, 2, [5, 5])
  await close()
  expect(timers()).toBe(before)
})
