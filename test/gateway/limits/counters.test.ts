import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Counter, CounterSpec, Window } from '../../../gateway/limits/counter.ts'
import { createCounters } from '../../../gateway/limits/counters.ts'

const day: Window = {
  kind: 'calendar',
  per: 'day',
  minuteOfDay: 0,
  timeZone: 'America/Los_Angeles',
}
const minute: Window = { kind: 'rolling', periodMs: 60_000 }
const log = { warn: () => undefined }

/** Counters of one process without a ledger, its clock in our hands. */
function alone(at = '2026-03-07T12:00:00Z') {
  const clock = { now: 5000, unixMs: Date.parse(at) }
  const counters = createCounters({
    ledger: undefined,
    now: () => clock.now,
    wallClock: () => clock.unixMs,
    log,
    tellEveryMs: 0,
  })
  return {
    counter: (spec: CounterSpec) => counters.counter(spec),
    tell: () => counters.tell(),
    now: () => clock.now,
    pass(ms: number) {
      clock.now += ms
      clock.unixMs += ms
    },
  }
}

const taken = (counter: Counter, now: number, amount = 1): boolean =>
  counter.tryTake(amount, now) !== undefined

describe('without a ledger', () => {
  test('exactly the amount is given, and no more in the same window', async () => {
    const { counter, now } = alone()
    const requests = counter({ key: 'a', amount: 3, window: day })
    expect([1, 2, 3, 4].map(() => taken(requests, now()))).toEqual([true, true, true, false])
    expect(await requests.take(1)).toBeUndefined()
    expect(requests.state(now()).remaining).toBe(0)
  })

  test('what was not used goes back once, what was used above stays recorded', () => {
    const { counter, now } = alone()
    const tokens = counter({ key: 'a', amount: 100, window: day })
    const [first, second, third] = [60, 20, 20].map((amount) => tokens.tryTake(amount, now()))
    first?.settle(10)
    first?.settle(0)
    first?.giveBack()
    expect(tokens.state(now()).remaining).toBe(50)
    second?.giveBack()
    expect(tokens.state(now()).remaining).toBe(70)
    third?.settle(75)
    expect(tokens.state(now()).remaining).toBe(15)
  })

  test('a day ends at its reset, also where a clock is put forward; what still runs counts for the old one', () => {
    const { counter, now, pass } = alone('2026-03-08T08:00:00Z')
    const requests = counter({ key: 'a', amount: 2, window: day })
    const before = requests.tryTake(2, now())
    expect(requests.state(now())).toEqual({ remaining: 0, resetsInMs: 23 * 3_600_000 })
    pass(23 * 3_600_000 - 1)
    expect(taken(requests, now())).toBe(false)
    pass(1)
    expect(taken(requests, now(), 2)).toBe(true)
    before?.giveBack()
    expect(requests.state(now())).toEqual({ remaining: 0, resetsInMs: 24 * 3_600_000 })
  })

  test('a rolling minute frees what was used when it is a minute old', () => {
    const { counter, now, pass } = alone()
    const requests = counter({ key: 'a', amount: 2, window: minute })
    expect(taken(requests, now())).toBe(true)
    pass(30_000)
    expect(taken(requests, now())).toBe(true)
    expect(requests.state(now())).toEqual({ remaining: 0, resetsInMs: 31_000 })
    pass(30_999)
    expect(taken(requests, now())).toBe(false)
    pass(1)
    expect([taken(requests, now()), taken(requests, now())]).toEqual([true, false])
  })

  test('a rolling minute is not used up by a call that runs for longer', () => {
    const { counter, now, pass } = alone()
    const requests = counter({ key: 'a', amount: 1, window: minute })
    const long = requests.tryTake(1, now())
    pass(61_000)
    const next = requests.tryTake(1, now())
    expect(next).toBeDefined()
    long?.settle(1)
    expect(requests.state(now()).remaining).toBe(0)
    next?.giveBack()
    expect(requests.state(now()).remaining).toBe(1)
  })

  test('an amount that is raised or lowered holds from now on, what was used stays', () => {
    const { counter, now } = alone()
    const spec = { key: 'a', amount: 10, window: day }
    const requests = counter(spec)
    taken(requests, now(), 6)
    expect(counter({ ...spec, amount: 20 })).toBe(requests)
    expect(requests.state(now()).remaining).toBe(14)
    counter({ ...spec, amount: 5 })
    expect(requests.state(now()).remaining).toBe(0)
    expect(taken(requests, now())).toBe(false)
    counter({ ...spec, amount: 7 })
    expect([taken(requests, now()), taken(requests, now())]).toEqual([true, false])
  })

  test('an upstream that has less left is believed, one that has more is not', () => {
    const { counter, now, pass } = alone()
    const requests = counter({ key: 'a', amount: 100, window: day })
    taken(requests, now(), 10)
    requests.learn({ remaining: 95 }, now())
    expect(requests.state(now()).remaining).toBe(90)
    requests.learn({ remaining: 3 }, now())
    requests.learn({ remaining: 50 }, now())
    expect(requests.state(now()).remaining).toBe(3)
    expect([taken(requests, now(), 3), taken(requests, now())]).toEqual([true, false])
    pass(24 * 3_600_000)
    expect(requests.state(now()).remaining).toBe(100)
  })

  test('what an upstream withheld comes back at the reset it told', () => {
    const { counter, now, pass } = alone()
    const requests = counter({ key: 'a', amount: 100, window: day })
    requests.learn({ remaining: 0, resetsInMs: 2000 }, now())
    pass(1999)
    expect(taken(requests, now())).toBe(false)
    pass(1)
    expect(taken(requests, now(), 100)).toBe(true)
  })
})

test('whatever comes in whatever order, no stretch of a rolling minute has more than the amount', async () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 20_000 }),
    amount: fc.integer({ min: 1, max: 40 }),
    used: fc.option(fc.nat({ max: 100 })),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { counter, now, pass } = alone()
      const tokens = counter({ key: 'a', amount: 100, window: minute })
      const uses: { at: number; amount: number }[] = []
      for (const { waitMs, amount, used } of steps) {
        pass(waitMs)
        const one = tokens.tryTake(amount, now())
        const rest = Math.min(amount, used ?? amount)
        if (one && used !== null) one.settle(rest)
        if (one) uses.push({ at: now(), amount: rest })
      }
      for (const { at: end } of uses) {
        const within = uses.filter(({ at }) => at <= end && at > end - 60_000)
        expect(within.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(100)
      }
    }),
  )
})
