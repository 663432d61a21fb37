import { describe, expect, test } from 'vitest'

import type { Counter, Taken, Window } from '../../../gateway/limits/counter.ts'
import { setUpLedger, until, type Replica } from './set-up-ledger.ts'

const { createReplica, row, database } = setUpLedger()

const day: Window = {
  kind: 'calendar',
  per: 'day',
  minuteOfDay: 0,
  timeZone: 'America/Los_Angeles',
}
const minute = { kind: 'rolling', periodMs: 60_000 } as const

const isThere = <T>(one: T | undefined): one is T => one !== undefined
const tryOrTake = (counter: Counter, { now }: Replica, amount = 1) =>
  Promise.resolve(counter.tryTake(amount, now()) ?? counter.take(amount))

/** So many takes at once. */
async function takeMany(counter: Counter, replica: Replica, times: number): Promise<Taken[]> {
  const all = await Promise.all(Array.from({ length: times }, () => tryOrTake(counter, replica)))
  return all.filter(isThere)
}

describe('one amount among several processes', () => {
  test.each([
    ['day', day],
    ['rolling minute', minute],
  ])('concurrent takes give exactly the amount of a %s', async (_, window) => {
    const replicas = [createReplica(), createReplica(), createReplica()]
    const spec = { key: 'q', amount: 100, window }
    await until(() =>
      replicas.every(({ notices, counters }) => {
        counters.counter(spec)
        return notices.mode === 'listening'
      }),
    )
    const taken = await Promise.all(
      replicas.map((replica) => takeMany(replica.counters.counter(spec), replica, 60)),
    )
    expect(taken.flat()).toHaveLength(100)
    for (const one of taken.flat()) one.settle(1)
    for (const { counters } of replicas) await counters.tell()
    expect(await row('q')).toMatchObject({ spent: 100, unsettled: 0, excess: 0 })
  })

  test('nobody is refused while another holds an idle slice', async () => {
    const [busy, idle] = [createReplica(), createReplica()]
    const spec = { key: 'q', amount: 1000, window: day }
    const first = idle.counters.counter(spec)
    await until(() => idle.notices.mode === 'listening')
    // It is used much and leases ahead, then it is still.
    for (let count = 0; count < 200; count += 1) (await tryOrTake(first, idle))?.settle(1)
    await idle.counters.tell()
    const held = await row('q')
    expect(held?.['leased']).toBeGreaterThan(0)
    const second = busy.counters.counter(spec)
    const rest = await second.take(800)
    expect(rest).toBeDefined()
    expect(await second.take(1)).toBeUndefined()
    rest?.settle(800)
    await busy.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 1000, leased: 0 })
  })

  test('a refusal costs the ledger one question, and ends when there is more', async () => {
    const [one, other] = [createReplica(), createReplica()]
    const spec = { key: 'q', amount: 10, window: day }
    const mine = one.counters.counter(spec)
    const taken = await other.counters.counter(spec).take(10)
    await other.counters.tell()
    taken?.settle(10)
    await other.counters.tell()
    expect(await mine.take(1)).toBeUndefined()
    const { rows: before } = await one.pool.query('select xmin from colonnade.counters')
    for (let count = 0; count < 20; count += 1) expect(await mine.take(1)).toBeUndefined()
    const { rows: after } = await one.pool.query('select xmin from colonnade.counters')
    expect(after).toEqual(before)
    expect(mine.state(one.now()).remaining).toBe(0)
    one.counters.counter({ ...spec, amount: 11 })
    expect(await mine.take(1)).toBeDefined()
    expect(await mine.take(1)).toBeUndefined()
  })

  test('a request too large for what is left does not keep smaller ones out', async () => {
    const replica = createReplica()
    const tokens = replica.counters.counter({ key: 'q', amount: 100, window: day })
    expect(await tokens.take(60)).toBeDefined()
    const [large, small] = await Promise.all([tokens.take(60), tokens.take(30)])
    expect(large).toBeUndefined()
    expect(small).toBeDefined()
    expect(await tokens.take(10)).toBeDefined()
    expect(await tokens.take(101)).toBeUndefined()
  })
})

describe('the life of a process', () => {
  test('a restart finds what was used', async () => {
    const spec = { key: 'q', amount: 10, window: day }
    const before = createReplica()
    const taken = await before.counters.counter(spec).take(4)
    taken?.settle(3)
    await before.counters.close(1000)
    expect(await row('q')).toEqual({ amount: 10, spent: 3, leased: 0, unsettled: 0, excess: 0 })
    expect(await database().query('select * from colonnade.counter_owners')).toEqual([])
    const after = createReplica()
    const counter = after.counters.counter(spec)
    await after.counters.tell()
    expect(counter.state(after.now()).remaining).toBe(7)
    expect(await counter.take(8)).toBeUndefined()
    expect(await counter.take(7)).toBeDefined()
  })

  test('what a killed process held stays counted, and is settled when it was not killed after all', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const [killed, other] = [createReplica({ clock }), createReplica({ clock })]
    const spec = { key: 'q', amount: 100, window: day }
    const taken = await killed.counters.counter(spec).take(60)
    killed.kill()
    clock.unixMs += 60_000
    const counter = other.counters.counter(spec)
    await other.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 0, leased: 0, unsettled: 60 })
    expect(await counter.take(41)).toBeUndefined()
    expect(await counter.take(40)).toBeDefined()
    killed.connection.pool = killed.pool
    taken?.settle(25)
    await killed.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 25, unsettled: 0 })
    await other.counters.tell()
    expect(await counter.take(20)).toBeDefined()
  })

  test('what a killed process held is free again after the time that was set for it', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const [killed, other] = [createReplica({ clock }), createReplica({ clock })]
    const spec = { key: 'q', amount: 100, window: day, releaseUnsettledAfterMs: 60_000 }
    const mine = killed.counters.counter(spec)
    const held = await mine.take(60)
    held?.giveBack()
    killed.kill()
    clock.unixMs += 20_000
    await other.counters.tell()
    expect(mine.tryTake(1, clock.unixMs)).toBeUndefined()
    const counter = other.counters.counter(spec)
    await other.counters.tell()
    expect(await counter.take(41)).toBeUndefined()
    clock.unixMs += 60_001
    await other.counters.tell()
    expect(await counter.take(100)).toBeDefined()
  })

  test('an idle slice goes home by itself', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const replica = createReplica({ clock })
    const counter = replica.counters.counter({ key: 'q', amount: 100, window: day })
    const taken = await counter.take(60)
    taken?.settle(10)
    await replica.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 10, leased: 50 })
    clock.unixMs += 5001
    await replica.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 10, leased: 0 })
  })

  test('what a call used above its reservation is recorded, above the amount as an excess', async () => {
    const replica = createReplica()
    const counter = replica.counters.counter({ key: 'q', amount: 100, window: day })
    const [one, two] = [await counter.take(50), await counter.take(20)]
    one?.settle(75)
    await replica.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 75, excess: 0 })
    two?.settle(60)
    await replica.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 100, leased: 0, excess: 35 })
    expect(counter.state(replica.now()).remaining).toBe(0)
  })
})

describe('windows by the clock of the database', () => {
  test.each([
    ['put forward', '2026-03-08T08:00:00Z', 23],
    ['put back', '2026-11-01T07:00:00Z', 25],
  ])('a day on which clocks are %s', async (_, start, hours) => {
    const clock = { unixMs: Date.parse(start) }
    const replicas = [createReplica({ clock }), createReplica({ clock })]
    const counters = replicas.map(({ counters: all }) =>
      all.counter({ key: 'q', amount: 10, window: day }),
    )
    const takeAll = async () => {
      let sum = 0
      for (let count = 0; count < 12; count += 1) {
        for (const [index, counter] of counters.entries()) {
          const replica = replicas[index]
          const one = replica && (await tryOrTake(counter, replica))
          one?.settle(1)
          if (one) sum += 1
          await replica?.counters.tell()
        }
      }
      return sum
    }
    expect(await takeAll()).toBe(10)
    clock.unixMs += hours * 3_600_000 - 1
    expect(await takeAll()).toBe(0)
    clock.unixMs += 1
    expect(await takeAll()).toBe(10)
  })

  test('a rolling minute frees what is older, whoever used it', async () => {
    const clock = { unixMs: Date.parse('2026-03-08T09:59:30Z') }
    const [one, other] = [createReplica({ clock }), createReplica({ clock })]
    const spec = { key: 'q', amount: 10, window: minute }
    const [mine, theirs] = [one.counters.counter(spec), other.counters.counter(spec)]
    ;(await mine.take(6))?.settle(6)
    await one.counters.tell()
    clock.unixMs += 30_000
    const long = await theirs.take(4)
    await other.counters.tell()
    expect(await mine.take(1)).toBeUndefined()
    await one.counters.tell()
    expect(mine.state(clock.unixMs)).toEqual({ remaining: 0, resetsInMs: 31_000 })
    clock.unixMs += 31_000
    await one.counters.tell()
    expect(await mine.take(7)).toBeUndefined()
    const six = await mine.take(6)
    expect(six).toBeDefined()
    six?.giveBack()
    long?.giveBack()
    await one.counters.tell()
    await other.counters.tell()
    expect(await theirs.take(10)).toBeDefined()
  })

  test('what comes back late from a rolling window is not given twice', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const [one, other] = [createReplica({ clock }), createReplica({ clock })]
    const spec = { key: 'q', amount: 100, window: minute }
    const mine = one.counters.counter(spec)
    const late = await mine.take(60)
    await one.counters.tell()
    clock.unixMs += 61_000
    expect(await other.counters.counter(spec).take(100)).toBeDefined()
    late?.giveBack()
    expect(mine.tryTake(1, clock.unixMs)).toBeUndefined()
    expect(await mine.take(1)).toBeUndefined()
  })

  test('a process that is cut off leaves its slice of a rolling window alone in time', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const replica = createReplica({ clock })
    const spec = { key: 'q', amount: 100, window: minute, onOutage: 'deny' as const }
    const counter = replica.counters.counter(spec)
    const held = await counter.take(60)
    held?.giveBack()
    replica.kill()
    clock.unixMs += 14_000
    expect(counter.tryTake(1, clock.unixMs)).toBeDefined()
    clock.unixMs += 1001
    expect(counter.tryTake(1, clock.unixMs)).toBeUndefined()
    expect(await counter.take(1)).toBeUndefined()
  })

  test('a process whose own clock is wrong counts in the window of the database', async () => {
    const replica = createReplica()
    const wrong = createReplica({ wrongByMs: 400 * 86_400_000 })
    const spec = { key: 'q', amount: 10, window: day }
    ;(await replica.counters.counter(spec).take(4))?.settle(4)
    await replica.counters.tell()
    expect(await wrong.counters.counter(spec).take(7)).toBeUndefined()
    expect(await wrong.counters.counter(spec).take(6)).toBeDefined()
    const rows = await database().query('select count(*)::int as n from colonnade.counters')
    expect(rows).toEqual([{ n: 1 }])
  })
})

describe('while Postgres is away', () => {
  test('slices in hand go on; then a share of what was left, or nothing, as the spec says', async () => {
    const [one, other] = [createReplica(), createReplica()]
    const spec = { key: 'q', amount: 1000, window: day }
    const strict = { key: 's', amount: 1000, window: day, onOutage: 'deny' as const }
    const [mine, mineStrict] = [one.counters.counter(spec), one.counters.counter(strict)]
    for (const { counters } of [one, other]) {
      for (const each of [spec, strict]) (await counters.counter(each).take(100))?.settle(100)
    }
    ;(await mine.take(50))?.settle(10)
    ;(await mineStrict.take(50))?.settle(10)
    for (const { counters } of [other, one]) await counters.tell()
    one.connection.pool = undefined
    expect(mine.tryTake(40, one.now())).toBeDefined()
    expect(await mineStrict.take(40)).toBeDefined()
    expect(await mineStrict.take(1)).toBeUndefined()
    // 1000 less 100, 100 and 50, between two.
    expect(await mine.take(376)).toBeUndefined()
    expect(await mine.take(375)).toBeDefined()
    expect(await mine.take(1)).toBeUndefined()
    one.connection.pool = one.pool
    await one.counters.tell()
    expect(await row('q')).toMatchObject({ leased: 415, spent: 210, excess: 0 })
  })

  test('what was used before it came is not forgotten', async () => {
    const replica = createReplica({ isConnected: false })
    replica.connection.wasConfigured = false
    const counter = replica.counters.counter({ key: 'q', amount: 10, window: day })
    const other = replica.counters.counter({ key: 'r', amount: 10, window: minute })
    counter.tryTake(3, replica.now())?.settle(3)
    other.tryTake(4, replica.now())?.settle(4)
    const running = counter.tryTake(2, replica.now())
    replica.connection.wasConfigured = true
    replica.connection.pool = replica.pool
    await replica.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 3, leased: 2 })
    expect(await row('r')).toMatchObject({ spent: 4, leased: 0 })
    expect(await counter.take(6)).toBeUndefined()
    expect(await other.take(7)).toBeUndefined()
    running?.giveBack()
    await replica.counters.tell()
    expect(await counter.take(7)).toBeDefined()
    expect(await other.take(6)).toBeDefined()
  })

  test('an excess over the amount after an outage is recorded', async () => {
    const [one, other] = [createReplica(), createReplica()]
    const spec = { key: 'q', amount: 10, window: day }
    one.connection.pool = undefined
    const mine = one.counters.counter(spec)
    ;(await mine.take(8))?.settle(8)
    ;(await other.counters.counter(spec).take(7))?.settle(7)
    await other.counters.tell()
    one.connection.pool = one.pool
    await one.counters.tell()
    expect(await row('q')).toMatchObject({ spent: 10, leased: 0, excess: 5 })
  })
})

test('what an upstream told one process holds for all', async () => {
  const [one, other] = [createReplica(), createReplica()]
  const spec = { key: 'q', amount: 100, window: day }
  const [mine, theirs] = [one.counters.counter(spec), other.counters.counter(spec)]
  ;(await mine.take(10))?.settle(10)
  await one.counters.tell()
  mine.learn({ remaining: 90 }, one.now())
  expect(mine.state(one.now()).remaining).toBe(90)
  mine.learn({ remaining: 20 }, one.now())
  await one.counters.tell()
  await other.counters.tell()
  expect(theirs.state(other.now()).remaining).toBe(20)
  expect(await theirs.take(21)).toBeUndefined()
  expect(await theirs.take(20)).toBeDefined()
  expect(await mine.take(1)).toBeUndefined()
})

test('what others are using is not taken for a loss', async () => {
  const [one, other] = [createReplica(), createReplica()]
  const spec = { key: 'q', amount: 100, window: day }
  const [mine, theirs] = [one.counters.counter(spec), other.counters.counter(spec)]
  ;(await mine.take(1))?.settle(1)
  await one.counters.tell()
  const running = await theirs.take(10)
  mine.learn({ remaining: 89 }, one.now())
  await one.counters.tell()
  running?.settle(10)
  await other.counters.tell()
  expect(await mine.take(89)).toBeDefined()
})

test('where an upstream says that nothing is left, idle slices of others are worth nothing', async () => {
  const [one, other] = [createReplica(), createReplica()]
  const spec = { key: 'q', amount: 100, window: day }
  const [mine, theirs] = [one.counters.counter(spec), other.counters.counter(spec)]
  ;(await theirs.take(30))?.giveBack()
  await other.counters.tell()
  ;(await mine.take(20))?.settle(20)
  mine.learn({ remaining: 0, resetsInMs: 3_600_000 }, one.now())
  expect(mine.state(one.now()).remaining).toBe(0)
  await one.counters.tell()
  expect(mine.state(one.now()).remaining).toBe(0)
  await other.counters.tell()
  await until(async () => {
    await other.counters.tell()
    return (await row('q'))?.['leased'] === 0
  })
  expect(await theirs.take(1)).toBeUndefined()
  expect(await mine.take(1)).toBeUndefined()
})

test('a document that changes the window begins a new count, and the old one is put in order', async () => {
  const replica = createReplica()
  const spec = { key: 'q', amount: 100, window: day }
  const counter = replica.counters.counter(spec)
  const running = await counter.take(30)
  replica.counters.counter({ ...spec, window: minute })
  const another = await counter.take(100)
  expect(another).toBeDefined()
  another?.settle(100)
  running?.settle(20)
  await replica.counters.tell()
  replica.counters.counter({ ...spec, window: { ...minute, periodMs: 120_000 } })
  expect(await counter.take(50)).toBeDefined()
  await replica.counters.tell()
  const rows = await database().query(
    'select spent::int, leased::int from colonnade.counters order by spent',
  )
  expect(rows).toEqual([
    { spent: 20, leased: 0 },
    { spent: 50, leased: 0 },
    { spent: 100, leased: 0 },
  ])
})
