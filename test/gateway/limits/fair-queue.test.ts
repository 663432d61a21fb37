import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { FairQueue } from '../../../gateway/limits/fair-queue.ts'

interface Offer {
  readonly flow: string
  readonly at: number
  readonly cost: number
  readonly weight?: number
}

interface Served extends Offer {
  readonly waited: number
  readonly endedAt: number
}

/** Callers that come at given times, at a server of one place whose service takes as long as it costs. */
function serveAll(offers: readonly Offer[]): Served[] {
  const queue = new FairQueue<Offer>()
  const coming = offers.toSorted((one, other) => other.at - one.at)
  const served: Served[] = []
  let time = 0
  const comeUntil = (end: number): void => {
    for (let one = coming.at(-1); one && one.at <= end; one = coming.at(-1)) {
      queue.push(one, one)
      coming.pop()
    }
  }
  while (served.length < offers.length) {
    comeUntil(time)
    const waiter = queue.shift()
    if (!waiter) queue.forget()
    else queue.settle(waiter, undefined)
    const waited = waiter ? time - waiter.value.at : 0
    time = waiter ? time + waiter.cost : (coming.at(-1)?.at ?? time)
    if (waiter) served.push({ ...waiter.value, waited, endedAt: time })
  }
  return served
}

/** Callers of one flow that each come back as soon as they were served. */
interface Crowd {
  readonly flow: string
  readonly callers: number
  readonly weight?: number
  readonly cost: () => number
}

/** What each crowd got of a one-place server, and how long its callers waited at most. */
function serveCrowds(crowds: readonly Crowd[], services: number) {
  const queue = new FairQueue<{ crowd: Crowd; at: number }>()
  const got = new Map(crowds.map(({ flow }) => [flow, { cost: 0, longestWait: 0 }]))
  let time = 0
  const enter = (crowd: Crowd): void => {
    const { flow, weight } = crowd
    queue.push({ crowd, at: time }, { flow, weight, cost: crowd.cost() })
  }
  for (const crowd of crowds) for (let n = 0; n < crowd.callers; n += 1) enter(crowd)
  let busy: { crowd: Crowd } | undefined
  for (let n = 0; n < services; n += 1) {
    const waiter = queue.shift()
    // Whoever was just served comes back when the next one is already being served.
    if (busy) enter(busy.crowd)
    if (!waiter) throw new Error('nobody waits')
    queue.settle(waiter, undefined)
    const account = got.get(waiter.flow.name)
    if (account) {
      account.cost += waiter.cost * waiter.weight
      account.longestWait = Math.max(account.longestWait, time - waiter.value.at)
    }
    busy = waiter.value
    time += waiter.cost * waiter.weight
  }
  return { share: (flow: string) => (got.get(flow)?.cost ?? 0) / time, got }
}

const steady = (cost: number) => () => cost

describe('two flows at a server with one place', () => {
  test('that offer 10 : 1 get the same', () => {
    const { share, got } = serveCrowds(
      [
        { flow: 'loud', callers: 10, cost: steady(100) },
        { flow: 'quiet', callers: 1, cost: steady(100) },
      ],
      5_000,
    )
    expect(share('quiet')).toBeCloseTo(0.5, 2)
    expect(got.get('quiet')?.longestWait).toBeLessThanOrEqual(200)
  })

  test('get by their weights', () => {
    const { share } = serveCrowds(
      [
        { flow: 'loud', callers: 20, cost: steady(100) },
        { flow: 'heavy', callers: 2, weight: 3, cost: steady(100) },
      ],
      5_000,
    )
    expect(share('heavy')).toBeCloseTo(0.75, 2)
  })

  test('get the same cost, not the same number of callers', () => {
    const sizes = [10, 400, 90, 1_500, 3]
    let next = 0
    const { share } = serveCrowds(
      [
        { flow: 'small', callers: 10, cost: steady(20) },
        { flow: 'mixed', callers: 4, cost: () => sizes[(next += 1) % sizes.length] ?? 1 },
      ],
      20_000,
    )
    expect(share('small')).toBeCloseTo(0.5, 1)
  })

  test('a caller that comes alone now and then waits for one service, and the one that runs', () => {
    const loud = Array.from({ length: 3_000 }, (_, n) => ({ flow: 'loud', at: n, cost: 10 }))
    const quiet = Array.from({ length: 40 }, (_, n) => ({
      flow: 'quiet',
      at: n * 37 + 5,
      cost: 10,
    }))
    const served = serveAll([...loud, ...quiet])
    const waits = served.filter(({ flow }) => flow === 'quiet').map(({ waited }) => waited)
    expect(waits).toHaveLength(40)
    expect(Math.max(...waits)).toBeLessThanOrEqual(20)
  })
})

test('the order of work is fair and the amount of it that of first come, first served', () => {
  let seed = 7
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const offers = Array.from({ length: 4_000 }, (_, n) => ({
    flow: n % 11 === 0 ? 'quiet' : 'loud',
    at: n * 9 * random() * 2,
    cost: 1 + Math.floor(random() * 20),
  }))
  const fair = Math.max(...serveAll(offers).map(({ endedAt }) => endedAt))
  const fifo = Math.max(
    ...serveAll(offers.map((one) => ({ ...one, flow: 'all' }))).map((one) => one.endedAt),
  )
  expect(fifo / fair).toBeGreaterThanOrEqual(0.98)
})

describe('absence', () => {
  test('earns nothing: a flow that comes back takes turns from there on', () => {
    const queue = new FairQueue<string>()
    const push = (flow: string) => queue.push(flow, { flow, cost: 1 })
    for (const flow of ['a', 'b']) push(flow)
    const serve = (): string | undefined => {
      const waiter = queue.shift()
      if (waiter) queue.settle(waiter, undefined)
      return waiter?.flow.name
    }
    for (let n = 0; n < 2; n += 1) serve()
    for (let n = 0; n < 100; n += 1) push('a')
    for (let n = 0; n < 50; n += 1) serve()
    for (let n = 0; n < 50; n += 1) push('b')
    const order = Array.from({ length: 20 }, serve)
    expect(order.filter((flow) => flow === 'b')).toHaveLength(10)
  })

  test('of everybody makes a new beginning', () => {
    const queue = new FairQueue<string>()
    queue.push('a', { flow: 'a', cost: 1_000_000 })
    queue.push('b', { flow: 'b', cost: 1 })
    queue.shift()
    queue.shift()
    queue.forget()
    queue.push('a', { flow: 'a', cost: 1 })
    for (let n = 0; n < 9; n += 1) queue.push('b', { flow: 'b', cost: 1 })
    expect([1, 2].map(() => queue.shift()?.flow.name)).toContain('a')
  })
})

test('new names that keep coming do not push away one that waits', () => {
  const queue = new FairQueue<string>()
  for (let n = 0; n < 100; n += 1) queue.push('a', { flow: 'a', cost: 1 })
  queue.push('new', { flow: 'new', cost: 1 })
  let served = 0
  for (let n = 0; n < 60; n += 1) {
    if (queue.shift()?.flow.name === 'a') served += 1
    else queue.push('new', { flow: `new ${n}`, cost: 1 })
  }
  expect(served).toBeGreaterThanOrEqual(29)
})

test('what a caller has really cost stands in its account', () => {
  const queue = new FairQueue<string>()
  const push = (flow: string, cost: number) => queue.push(flow, { flow, cost })
  for (let n = 0; n < 20; n += 1) {
    push('guessed too high', 1_000)
    push('guessed right', 100)
  }
  const order = Array.from({ length: 20 }, () => {
    const waiter = queue.shift()
    if (waiter) queue.settle(waiter, 100)
    return waiter?.flow.name
  })
  expect(order.filter((flow) => flow === 'guessed too high')).toHaveLength(10)
})

test('a newcomer does not pay for what others were wrongly predicted to cost', () => {
  const queue = new FairQueue<string>()
  const push = (flow: string) => queue.push(flow, { flow, cost: 4_096 })
  for (let n = 0; n < 50; n += 1) push('a')
  let running = queue.shift()
  const order = Array.from({ length: 20 }, (_, n) => {
    if (n === 5) for (let count = 0; count < 20; count += 1) push('b')
    if (running) queue.settle(running, 8)
    running = queue.shift()
    return running?.flow.name
  })
  expect(order.slice(5).filter((flow) => flow === 'b').length).toBeGreaterThanOrEqual(7)
})

test('one that leaves is not served, and the others keep their order', () => {
  const queue = new FairQueue<number>()
  const waiters = [1, 2, 3].map((value) => queue.push(value, { flow: 'a', cost: 1 }))
  expect(waiters.map(({ position }) => position)).toEqual([1, 2, 3])
  const second = waiters[1]
  expect(second && queue.remove(second)).toBe(true)
  expect(second && queue.remove(second)).toBe(false)
  expect([queue.shift()?.value, queue.shift()?.value, queue.shift()]).toEqual([1, 3, undefined])
  expect(queue.length).toBe(0)
})

test('whatever comes and goes, each caller is served once or has left, and flows keep their order', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('push' as const),
      flow: fc.constantFrom('a', 'b', 'c'),
      cost: fc.nat(50),
    }),
    fc.record({ do: fc.constant('shift' as const) }),
    fc.record({ do: fc.constant('leave' as const), which: fc.nat(20) }),
    fc.record({ do: fc.constant('forget' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<number>()
      const waiting: ReturnType<typeof queue.push>[] = []
      for (const [index, one] of steps.entries()) {
        if (one.do === 'push') waiting.push(queue.push(index, one))
        if (one.do === 'forget') queue.forget()
        if (one.do === 'leave') {
          const [left] = waiting.splice(one.which, 1)
          if (left) expect(queue.remove(left)).toBe(true)
        }
        if (one.do === 'shift') {
          const served = queue.shift()
          expect(served === undefined).toBe(waiting.length === 0)
          const first = waiting.find(({ flow }) => flow.name === served?.flow.name)
          expect(served).toBe(first)
          if (served) waiting.splice(waiting.indexOf(served), 1)
        }
        expect(queue.length).toBe(waiting.length)
      }
    }),
  )
})
