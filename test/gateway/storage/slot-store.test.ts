import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { SlotBook } from '../../../gateway/limits/slot-book.ts'
import { SlotLeases } from '../../../gateway/limits/slot-leases.ts'
import type { Slot, Slots } from '../../../gateway/limits/slots.ts'
import { Connection } from '../../../gateway/storage/connection.ts'
import { Notices } from '../../../gateway/storage/notices.ts'
import { SlotStore } from '../../../gateway/storage/slot-store.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'
import { createLogRecorder } from './log-recorder.ts'
import { until } from './set-up.ts'

let postgres: TestPostgres
let database: TestDatabase
const replicas: Replica[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())
beforeEach(async () => {
  await postgres.start()
  database = await postgres.createDatabase()
})
afterEach(async () => {
  await Promise.all(replicas.splice(0).map((one) => one.close()))
})

/** One process of the module, as far as places go. */
interface Replica {
  readonly log: ReturnType<typeof createLogRecorder>
  readonly connection: Connection
  slots(id?: string, total?: number): Slots
  /** A document without any of the deployments. */
  forget(): void
  /** It ends without a word. */
  kill(): Promise<void>
  close(): Promise<void>
}

const queue = { maxWaitMs: 60_000, maxLength: 1_000 }
const now = () => performance.now()

async function startReplica(total: number, hasQueue = true): Promise<Replica> {
  const log = createLogRecorder()
  const connection = new Connection({
    databaseUrl: () => database.url,
    module: 'llm',
    log,
    now: Date.now,
    onChange: () => undefined,
  })
  const notices = new Notices({ connection, log })
  const ledger = new SlotStore(connection, notices, 'llm')
  const leases = new SlotLeases(ledger, now, log)
  const book = new SlotBook(now, leases)
  connection.start()
  const slots = (id = 'gpu', places = total): Slots =>
    book.of(id, { total: places, queue: hasQueue ? queue : undefined })
  slots()
  let isOver = false
  const end = async (hasWord: boolean): Promise<void> => {
    if (isOver) return
    isOver = true
    if (hasWord) await book.close()
    await notices.close()
    await connection.close(500)
    if (!hasWord) await leases.close()
  }
  const forget = (): void => book.keepOnly(new Set())
  const replica = { log, connection, slots, forget, kill: () => end(false), close: () => end(true) }
  replicas.push(replica)
  await until(() => connection.state === 'connected')
  return replica
}

const ask = { flow: 'a', tokens: 1, patienceMs: 60_000 }

/** A place, at once or waited for. */
async function take(slots: Slots): Promise<Slot> {
  const slot = slots.tryTake(now()) ?? (await slots.wait(ask, now()).slot)
  if (!slot) throw new Error('there is no place')
  return slot
}

function takeAll(slots: Slots, count: number): Promise<Slot[]> {
  return Promise.all(Array.from({ length: count }, () => take(slots)))
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

test('one process gets all places when it needs them, and none beyond', async () => {
  const one = await startReplica(3)
  const slots = one.slots()
  await takeAll(slots, 3)
  expect(slots.tryTake(now())).toBeUndefined()
  const [row] = await database.query('select count(*)::int as n from colonnade.slots')
  expect(row?.['n']).toBe(3)
})

test('idle places go to the process that needs them', async () => {
  const one = await startReplica(4)
  const first = await takeAll(one.slots(), 4)
  for (const slot of first) slot.release()
  const two = await startReplica(4)
  const startedAt = now()
  const second = await takeAll(two.slots(), 4)
  // A fraction of a second, on a machine that may be busy.
  expect(now() - startedAt).toBeLessThan(2_000)
  expect(second).toHaveLength(4)
  expect(one.slots().tryTake(now())).toBeUndefined()
})

interface Crowds {
  readonly total: number
  /** Callers of each process; each comes back as soon as it was served. */
  readonly callers: readonly number[]
  readonly serviceMs: number
  readonly forMs: number
}

/** What each process served in that time, and how many were served at once at most. */
async function serveCrowds({ total, callers, serviceMs, forMs }: Crowds) {
  const started = await Promise.all(callers.map(() => startReplica(total)))
  const served = callers.map(() => 0)
  const endsAt = now() + forMs
  let running = 0
  let most = 0
  const come = async (replica: Replica, which: number): Promise<void> => {
    if (now() > endsAt) return
    const slot = await take(replica.slots())
    running += 1
    most = Math.max(most, running)
    await sleep(serviceMs)
    running -= 1
    served[which] = (served[which] ?? 0) + 1
    slot.release(1)
    await come(replica, which)
  }
  await Promise.all(
    started.flatMap((replica, which) =>
      Array.from({ length: callers[which] ?? 0 }, () => come(replica, which)),
    ),
  )
  const all = served.reduce((sum, one) => sum + one, 0)
  return { most, all, shares: served.map((one) => one / all) }
}

test('two processes with more callers than places never use more than there are, and each gets its part', async () => {
  const { most, shares } = await serveCrowds({
    total: 3,
    callers: [9, 4],
    serviceMs: 10,
    forMs: 4_000,
  })
  expect(most).toBe(3)
  for (const share of shares) expect(share).toBeGreaterThan(0.25)
})

test('one place passes between three processes that all wait for it', async () => {
  const { most, shares } = await serveCrowds({
    total: 1,
    callers: [8, 3, 2],
    serviceMs: 20,
    forMs: 4_000,
  })
  expect(most).toBe(1)
  for (const share of shares) expect(share).toBeGreaterThan(0.15)
})

test('one caller of a process is served again and again beside the many of another', async () => {
  const { all, shares } = await serveCrowds({
    total: 1,
    callers: [20, 1],
    serviceMs: 20,
    forMs: 3_000,
  })
  // A turn of the other one is a fifth of a second.
  expect(all * (shares[1] ?? 0)).toBeGreaterThan(5)
})

test('without a queue a place is looked for, once, in other processes', async () => {
  const one = await startReplica(2, false)
  const held = await takeAll(one.slots(), 2)
  const two = await startReplica(2, false)
  const slots = two.slots()
  expect(await slots.wait(ask, now()).slot).toBeUndefined()
  // What is known not to be there is not offered.
  expect(slots.free(now())).toBe(0)
  held[0]?.release()
  await until(() => slots.free(now()) > 0)
  expect(await slots.wait(ask, now()).slot).toBeDefined()
})

test('a process that is killed loses its places when its lease is over', async () => {
  const one = await startReplica(2)
  await takeAll(one.slots(), 2)
  const two = await startReplica(2)
  const waiting = two.slots().wait(ask, now())
  await one.kill()
  expect(await waiting.slot).toBeDefined()
})

test('a process that was taken for ended uses none of its places again', async () => {
  const one = await startReplica(2)
  const held = await takeAll(one.slots(), 2)
  const two = await startReplica(2)
  await database.query(
    `delete from colonnade.slot_holders where owner = (select owner from colonnade.slots where number = 0)`,
  )
  await takeAll(two.slots(), 2)
  await until(() => one.slots().capacity === 0)
  for (const slot of held) slot.release()
  expect(one.slots().tryTake(now())).toBeUndefined()
})

test('a process that ends in order leaves its places at once', async () => {
  const one = await startReplica(2)
  await takeAll(one.slots(), 2)
  await one.close()
  const two = await startReplica(2)
  await takeAll(two.slots(), 2)
})

describe('Postgres away', () => {
  test('what is held goes on, and nobody waits for it', async () => {
    const one = await startReplica(3)
    const slots = one.slots()
    for (const slot of await takeAll(slots, 3)) slot.release()
    await postgres.stop()
    await until(() => one.log.matching('places are not shared').length === 1)
    const during = await takeAll(slots, 3)
    expect(slots.tryTake(now())).toBeUndefined()
    for (const slot of during) slot.release()
    await postgres.start()
    await until(() => one.log.matching('are shared with other processes again').length === 1)
    await takeAll(slots, 3)
  })

  test('a process that has nothing may use one place', async () => {
    const one = await startReplica(1)
    const held = await take(one.slots())
    const two = await startReplica(1)
    await postgres.stop()
    await take(two.slots())
    held.release()
  })

  test('from the start each process counts for itself', async () => {
    await postgres.stop()
    const log = createLogRecorder()
    const connection = new Connection({
      databaseUrl: () => database.url,
      module: 'llm',
      log,
      now: Date.now,
      onChange: () => undefined,
    })
    connection.start()
    const store = new SlotStore(connection, new Notices({ connection, log }), 'llm')
    const book = new SlotBook(now, new SlotLeases(store, now, log))
    await takeAll(book.of('gpu', { total: 2, queue: undefined }), 2)
    await book.close()
    await connection.close(100)
  })
})

test('without a database a process counts for itself at once', async () => {
  const log = createLogRecorder()
  const connection = new Connection({
    databaseUrl: () => undefined,
    module: 'llm',
    log,
    now: Date.now,
    onChange: () => undefined,
  })
  const store = new SlotStore(connection, new Notices({ connection, log }), 'llm')
  const book = new SlotBook(now, new SlotLeases(store, now, log))
  const slots = book.of('gpu', { total: 2, queue: undefined })
  expect([slots.tryTake(now()), slots.tryTake(now()), slots.tryTake(now())]).toEqual([
    expect.anything(),
    expect.anything(),
    undefined,
  ])
  await book.close()
})

test('a total that changes holds for all, and one that has shrunk is kept to as calls end', async () => {
  const one = await startReplica(2)
  const slots = one.slots()
  await takeAll(slots, 2)
  one.slots('gpu', 4)
  const more = await takeAll(slots, 2)
  one.slots('gpu', 1)
  for (const slot of more) slot.release()
  await until(async () => {
    const [row] = await database.query(
      'select count(*)::int as n from colonnade.slots where owner is not null',
    )
    return row?.['n'] === 2
  })
  expect(slots.tryTake(now())).toBeUndefined()
})

test('places of a deployment that is gone are given back', async () => {
  const one = await startReplica(2)
  for (const slot of await takeAll(one.slots('other'), 2)) slot.release()
  const owned = async () => {
    const rows = await database.query(
      `select number from colonnade.slots where key = 'llm/other' and owner is not null`,
    )
    return rows.length
  }
  expect(await owned()).toBe(2)
  one.forget()
  await until(async () => (await owned()) === 0)
})
