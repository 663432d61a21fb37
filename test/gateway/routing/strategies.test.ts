import { describe, expect, test } from 'vitest'

import { decide } from '../../../gateway/routing/decide.ts'
import type { DecisionInput } from '../../../gateway/routing/decision.ts'
import { inputWith } from './decision-inputs.ts'

const draws = 4_000

/** How often each candidate comes first, over a fixed set of seeds. */
function shares(input: DecisionInput): number[] {
  const counts = input.candidates.map(() => 0)
  for (let seed = 0; seed < draws; seed += 1) {
    const first = decide({ ...input, seed }).order[0] ?? -1
    counts[first] = (counts[first] ?? 0) + 1
  }
  return counts.map((count) => count / draws)
}

function expectShares(input: DecisionInput, expected: readonly number[]): void {
  const found = shares(input)
  for (const [at, share] of expected.entries()) {
    expect([at, Math.abs((found[at] ?? 0) - share) < 0.03, found]).toEqual([at, true, found])
  }
}

describe('peak-ewma', () => {
  const strategy = 'peak-ewma'

  test('equals share the traffic', () => {
    expectShares(inputWith([{}, {}, {}, {}], { strategy }), [0.25, 0.25, 0.25, 0.25])
  })

  test('of two the less loaded is always first', () => {
    expectShares(inputWith([{ inFlight: 1 }, {}], { strategy }), [0, 1])
    expectShares(inputWith([{ latencyMs: 31 }, { latencyMs: 30 }], { strategy }), [0, 1])
  })

  test('the most loaded of several is never first', () => {
    expectShares(inputWith([{ inFlight: 9 }, {}, {}], { strategy }), [0, 0.5, 0.5])
  })

  test('a fast server takes several calls while a slow one has none', () => {
    const slow = { latencyMs: 500 }
    expectShares(inputWith([{ latencyMs: 100, inFlight: 3 }, slow], { strategy }), [1, 0])
    expectShares(inputWith([{ latencyMs: 100, inFlight: 5 }, slow], { strategy }), [0, 1])
  })

  test('at equal load the shares are the weights', () => {
    expectShares(inputWith([{ weight: 6 }, { weight: 3 }, {}], { strategy }), [0.6, 0.3, 0.1])
  })

  test('load moves the shares of weights', () => {
    const input = inputWith([{ weight: 3, inFlight: 2 }, { weight: 1 }], { strategy })
    expectShares(input, [0.5, 0.5])
  })

  test('equal weights are no weights', () => {
    expectShares(inputWith([{ weight: 3, inFlight: 1 }, { weight: 3 }], { strategy }), [0, 1])
  })
})

describe('simple-shuffle', () => {
  const strategy = 'simple-shuffle'

  test('without weights each is equally likely, whatever its load', () => {
    expectShares(inputWith([{ inFlight: 90 }, {}, {}], { strategy }), [1 / 3, 1 / 3, 1 / 3])
  })

  test.each([
    ['weight', [{ weight: 7 }, { weight: 3 }]],
    ['rpm', [{ rpm: 700 }, { rpm: 300 }]],
    ['tpm', [{ tpm: 70_000 }, { tpm: 30_000 }]],
    [
      'weight before rpm',
      [
        { weight: 7, rpm: 1 },
        { weight: 3, rpm: 99 },
      ],
    ],
    [
      'rpm before tpm',
      [
        { rpm: 7, tpm: 1, weight: 0 },
        { rpm: 3, tpm: 99 },
      ],
    ],
  ])('draws by %s', (_, candidates) => {
    expectShares(inputWith(candidates, { strategy }), [0.7, 0.3])
  })

  test('one without what the others are weighed by comes last', () => {
    const input = inputWith([{ rpm: 900 }, { weight: 1 }, { weight: 1 }], { strategy })
    expectShares(input, [0, 0.5, 0.5])
    expect(decide(input).order.at(-1)).toBe(0)
  })
})

describe('least-busy', () => {
  test('the fewest calls under way are first, of equals the first in the file', () => {
    const input = inputWith([{ inFlight: 2 }, { inFlight: 1, latencyMs: 9_000 }, { inFlight: 1 }], {
      strategy: 'least-busy',
    })
    expect(decide(input).order).toEqual([1, 2, 0])
    expectShares(input, [0, 1, 0])
  })
})

describe('latency-based-routing', () => {
  const strategy = 'latency-based-routing'
  const timed = (...seconds: number[]) => seconds.map((meanLatency) => ({ meanLatency }))

  test('the lowest mean latency is first', () => {
    const input = inputWith(timed(0.3, 0.2, 0.4), { strategy })
    expectShares(input, [0, 1, 0])
    expect(decide(input).order).toEqual([1, 0, 2])
  })

  test('all within the buffer of the best are equally likely', () => {
    const rules = { latencyBuffer: 0.5 }
    expectShares(inputWith(timed(0.3, 0.2, 0.31), { strategy, rules }), [0.5, 0.5, 0])
  })

  test('one that was never seen is tried', () => {
    expectShares(inputWith(timed(0.01, 0), { strategy }), [0, 1])
  })
})

describe.each(['usage-based-routing', 'usage-based-routing-v2'] as const)('%s', (strategy) => {
  test('the fewest tokens in this minute are first, of equals any', () => {
    const used = [{ minuteTokens: 90 }, { minuteTokens: 10 }, { minuteTokens: 10 }]
    expectShares(inputWith(used, { strategy }), [0, 0.5, 0.5])
    expect(decide(inputWith(used, { strategy })).order.at(-1)).toBe(0)
  })

  test('one that the prompt would take over its tpm is passed over', () => {
    const input = inputWith(
      [
        { tpm: 100, minuteTokens: 10 },
        { tpm: 900, minuteTokens: 500 },
      ],
      {
        strategy,
        request: { promptTokens: 95 },
      },
    )
    expect(decide(input).order).toEqual([1])
  })
})

describe('cost-based-routing', () => {
  test('the cheapest is first, an unknown price counts as 10 USD', () => {
    const input = inputWith([{}, { cost: 3e-6 }, { cost: 1e-6 }, { cost: 11 }], {
      strategy: 'cost-based-routing',
    })
    expect(decide(input).order).toEqual([2, 1, 0, 3])
  })
})
