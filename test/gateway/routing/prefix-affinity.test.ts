import { describe, expect, test } from 'vitest'

import { decide } from '../../../gateway/routing/decide.ts'
import { scramble } from '../../../gateway/routing/dice.ts'
import { inputWith } from './decision-inputs.ts'

type Candidates = Parameters<typeof inputWith>[0]

const busy = (count: number, more = {}): Candidates =>
  Array.from({ length: count }, (_, at) => ({ id: `s${at}`, inFlight: 8, ...more }))

/** Who serves a beginning, whatever the seed. */
function homeOf(affinity: number | undefined, candidates: Candidates, seed = affinity): number {
  const request = { affinity }
  const input = inputWith(candidates, { strategy: 'prefix-affinity', seed: seed ?? 0, request })
  return decide(input).order[0] ?? -1
}

const beginnings = Array.from({ length: 2_000 }, (_, at) => scramble(at + 1))

describe('under load', () => {
  test('a beginning has one home', () => {
    for (const affinity of beginnings.slice(0, 100)) {
      const homes = new Set([1, 2, 3, 4, 5].map((seed) => homeOf(affinity, busy(4), seed)))
      expect(homes.size).toBe(1)
    }
  })

  test('beginnings are shared out evenly', () => {
    const counts = [0, 0, 0, 0]
    for (const affinity of beginnings) counts[homeOf(affinity, busy(4))]! += 1
    for (const count of counts)
      expect(Math.abs(count / beginnings.length - 0.25)).toBeLessThan(0.03)
  })

  test('and by weight', () => {
    const weighed = [
      { id: 's0', weight: 3, inFlight: 12 },
      { id: 's1', weight: 1, inFlight: 4 },
    ]
    const share = beginnings.filter((affinity) => homeOf(affinity, weighed) === 0).length
    expect(Math.abs(share / beginnings.length - 0.75)).toBeLessThan(0.03)
  })

  test('a server that goes moves only its own beginnings', () => {
    const all = busy(4)
    const left = all.filter((_, at) => at !== 2)
    for (const affinity of beginnings) {
      const before = all[homeOf(affinity, all)]?.id
      if (before !== 's2') expect(left[homeOf(affinity, left)]?.id).toBe(before)
    }
  })

  test('where they stand in the file makes no difference', () => {
    const all = busy(5)
    const turned = all.toReversed()
    for (const affinity of beginnings.slice(0, 200))
      expect(turned[homeOf(affinity, turned)]?.id).toBe(all[homeOf(affinity, all)]?.id)
  })
})

describe('the bound', () => {
  test('a home with more than 1.25 times its share sends on to the same next one', () => {
    for (const affinity of beginnings.slice(0, 200)) {
      const home = homeOf(affinity, busy(4))
      // 8 + 8 + 8 + 11 and this one: the bound is 1.25 × 36 / 4, rounded up: 12.
      const near = busy(4).map((one, at) => (at === home ? { ...one, inFlight: 11 } : one))
      expect(homeOf(affinity, near)).toBe(home)
      const over = busy(4).map((one, at) => (at === home ? { ...one, inFlight: 12 } : one))
      const nexts = new Set([1, 2, 3].map((seed) => homeOf(affinity, over, seed)))
      expect([nexts.size, nexts.has(home)]).toEqual([1, false])
    }
  })

  test('the overflow of one home spreads over all others', () => {
    const over = busy(4).map((one, at) => (at === 0 ? { ...one, inFlight: 30 } : one))
    const counts = [0, 0, 0, 0]
    for (const affinity of beginnings) counts[homeOf(affinity, over)]! += 1
    expect(counts[0]).toBe(0)
    for (const count of counts.slice(1)) expect(count / beginnings.length).toBeGreaterThan(0.3)
  })
})

describe('falls back to the default', () => {
  const loaded = (places: Candidates[number]): Candidates => [
    { id: 's0', ...places },
    { id: 's1', ...places },
  ]
  const home = (candidates: Candidates) =>
    new Set(beginnings.slice(0, 50).map((seed) => homeOf(77, candidates, seed)))

  test('below 30 % of the places', () => {
    expect(home(loaded({ inFlight: 29, freeSlots: 71 })).size).toBe(2)
    expect(home(loaded({ inFlight: 30, freeSlots: 70 })).size).toBe(1)
  })

  test('below 30 % of four places a server where they are not counted', () => {
    expect(home(loaded({ inFlight: 1 })).size).toBe(2)
    expect(home(loaded({ inFlight: 2 })).size).toBe(1)
  })

  test('for a request that has no beginning', () => {
    const homes = beginnings.slice(0, 50).map((seed) => homeOf(undefined, busy(2), seed))
    expect(new Set(homes).size).toBe(2)
  })
})
