import { describe, expect, test } from 'vitest'

import { decide } from '../../../gateway/routing/decide.ts'
import type { DecisionInput } from '../../../gateway/routing/decision.ts'
import { inputWith } from './decision-inputs.ts'

const reasons = (input: DecisionInput) =>
  decide(input).passedOver.map(({ index, reason, forMs }) => [index, reason, forMs])

const firsts = (input: DecisionInput, count = 200) =>
  new Set(Array.from({ length: count }, (_, seed) => decide({ ...input, seed }).order[0]))

test('a single deployment that is well is asked', () => {
  expect(decide(inputWith([{}]))).toEqual({ order: [0], passedOver: [], isLastResort: false })
})

test('a group without deployments leaves nothing to ask', () => {
  expect(decide(inputWith([]))).toEqual({ order: [], passedOver: [], isLastResort: false })
})

describe('passed over, each with its reason and until when:', () => {
  const request = { needs: ['vision' as const], promptTokens: 900, tags: ['eu'] }
  const rules = { isTagFiltering: true, arePreCallChecksOn: true, areRatesEnforced: true }

  test.each([
    ['endpoint not spoken', { speaks: false }, 0],
    ['lacks capability', { lacks: ['vision' as const] }, 0],
    ['prompt too long', { maxInputTokens: 899 }, 0],
    ['other tags', { tags: ['us'] }, 0],
    ['already tried', { isSpent: true }, 0],
    ['rate limited', { limitedMs: 7_000 }, 7_000],
    ['quota used up', { quotaMs: 90_000 }, 90_000],
    ['quota used up', { rpm: 5, minuteRequests: 5 }, 60_000],
    ['quota used up', { tpm: 1_000, minuteTokens: 101 }, 60_000],
    ['cooling', { coolingMs: 1_500 }, 1_500],
    ['being probed', { isProbed: true }, 0],
    ['no free slot', { freeSlots: 0 }, 0],
    ['no free slot', { freeSlots: 0, slotMs: 2_500 }, 2_500],
    ['lower priority', { order: 2 }, 0],
  ])('%s %j', (reason, changes, forMs) => {
    const fine = { order: 1, tags: ['eu'] }
    const input = inputWith([fine, { ...fine, ...changes }], { request, rules })
    expect(decide(input).order).toEqual([0])
    expect(reasons(input)).toEqual([[1, reason, forMs]])
  })

  test('what just suffices is not passed over', () => {
    const fine = { maxInputTokens: 900, rpm: 5, minuteRequests: 4, tpm: 1_000, minuteTokens: 100 }
    const input = inputWith([{ ...fine, tags: ['eu'], lacks: ['tools'] }], { request, rules })
    expect(decide(input).order).toEqual([0])
  })
})

test('without pre-call checks a long prompt is the upstream’s to judge', () => {
  const input = inputWith([{ maxInputTokens: 5 }], { request: { promptTokens: 9 } })
  expect(decide(input).order).toEqual([0])
})

test('a list of texts to embed is no single prompt', () => {
  const input = inputWith([{ maxInputTokens: 5 }], {
    request: { promptTokens: 9, endpoint: 'embeddings' },
    rules: { arePreCallChecksOn: true },
  })
  expect(decide(input).order).toEqual([0])
})

test.each([
  ['peak-ewma', 0],
  ['simple-shuffle', 0],
  ['least-busy', 0],
  ['prefix-affinity', 0],
  ['usage-based-routing', 1],
  ['usage-based-routing-v2', 1],
  ['latency-based-routing', 1],
  ['cost-based-routing', 1],
] as const)('under %s a used-up rpm passes over %i deployments', (strategy, count) => {
  const used = { rpm: 1, minuteRequests: 1 }
  expect(reasons(inputWith([used], { strategy }))).toHaveLength(count)
})

describe('priority classes', () => {
  test('only the first that has anybody left is asked, whatever the load', () => {
    const input = inputWith([{ order: 2 }, { order: 1, inFlight: 500 }, { order: 3 }])
    expect(decide(input).order).toEqual([1])
    expect(reasons(input)).toEqual([
      [0, 'lower priority', 0],
      [2, 'lower priority', 0],
    ])
  })

  test('one without an order comes after all that have one', () => {
    expect(decide(inputWith([{}, { order: 7 }])).order).toEqual([1])
    expect(decide(inputWith([{}, { order: 7, coolingMs: 1 }])).order).toEqual([0])
  })

  test('the next class is asked when the first is spent', () => {
    expect(decide(inputWith([{ order: 1, isSpent: true }, { order: 2 }])).order).toEqual([1])
  })
})

describe('when all rest after failures', () => {
  test('all of them are asked, by class', () => {
    const input = inputWith([
      { order: 2, coolingMs: 5 },
      { order: 1, coolingMs: 900 },
      { order: 1, isProbed: true },
    ])
    const decision = decide(input)
    expect(decision.isLastResort).toBe(true)
    expect(new Set(decision.order)).toEqual(new Set([1, 2]))
  })

  test.each([{ limitedMs: 1 }, { quotaMs: 1 }, { lacks: ['vision' as const] }, { speaks: false }])(
    'one with %j still is not',
    (obstacle) => {
      const input = inputWith([{ coolingMs: 5 }, { coolingMs: 5, ...obstacle }], {
        request: { needs: ['vision'] },
      })
      expect(decide(input).order).toEqual([0])
    },
  )

  test('nothing is asked where nothing but obstacles is left', () => {
    const decision = decide(inputWith([{ limitedMs: 5 }, { quotaMs: 5 }]))
    expect([decision.order, decision.isLastResort]).toEqual([[], false])
  })

  test('one that is well and full keeps the resting ones out', () => {
    const input = inputWith([{ coolingMs: 5 }, { freeSlots: 0 }])
    expect(decide(input).order).toEqual([])
    expect(reasons(input)).toEqual([
      [0, 'cooling', 5],
      [1, 'no free slot', 0],
    ])
  })
})

describe('places', () => {
  test('one with a free place goes before one where callers wait', () => {
    const input = inputWith([
      { freeSlots: 0, queued: 0 },
      { freeSlots: 1, inFlight: 99 },
    ])
    expect(firsts(input)).toEqual(new Set([1]))
    expect(decide(input).order).toEqual([1, 0])
  })

  test('the shortest queue is waited in first', () => {
    const waiting = (queued: number) => ({ freeSlots: 0, queued })
    expect(decide(inputWith([waiting(4), waiting(1), waiting(2)])).order).toEqual([1, 2, 0])
  })

  test('a queue is waited in before the next class is asked', () => {
    const input = inputWith([
      { order: 1, freeSlots: 0, queued: 3 },
      { order: 2, freeSlots: 8 },
    ])
    expect(decide(input).order).toEqual([0])
  })

  test('without a queue a full class is left for the next', () => {
    const input = inputWith([
      { order: 1, freeSlots: 0 },
      { order: 2, freeSlots: 8 },
    ])
    expect(decide(input).order).toEqual([1])
  })

  test('a full one is not asked as a last resort either', () => {
    expect(decide(inputWith([{ coolingMs: 1, freeSlots: 0 }, { coolingMs: 1 }])).order).toEqual([1])
  })
})

test('what was tried in this exchange goes last in its class', () => {
  const tried = { isTried: true, inFlight: 0 }
  const input = inputWith(
    [tried, { inFlight: 50 }, { order: 2 }].map((one) => ({ order: 1, ...one })),
  )
  expect(firsts(input)).toEqual(new Set([1]))
  expect(decide(input).order).toEqual([1, 0])
})
