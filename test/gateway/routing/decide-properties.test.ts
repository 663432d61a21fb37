import fc from 'fast-check'
import { expect, test } from 'vitest'

import { strategyNames } from '../../../modules/strategy-names.ts'
import { decide } from '../../../gateway/routing/decide.ts'
import type { CandidateFacts, DecisionInput } from '../../../gateway/routing/decision.ts'
import { candidateWith } from './decision-inputs.ts'

const capability = fc.constantFrom('vision', 'tools', 'response-schema', 'audio-input', 'pdf-input')
const tag = fc.constantFrom('default', 'eu', 'paid', 'free')
const askedTag = fc.constantFrom('eu', 'paid', '!paid', '&eu', '!', 'default', 'nobody')
const often = (weight: number) => fc.oneof({ weight, arbitrary: fc.constant(0) }, fc.nat(90_000))
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.oneof(fc.constant(undefined), arbitrary)
const seldom = fc.integer({ min: 0, max: 7 }).map((throws) => throws === 0)

const candidate: fc.Arbitrary<CandidateFacts> = fc
  .record({
    id: fc.stringMatching(/^[a-z]{1,6}$/),
    order: maybe(fc.nat(3)),
    weight: maybe(fc.nat(9)),
    rpm: maybe(fc.nat(20)),
    tpm: maybe(fc.nat(5_000)),
    lacks: fc.uniqueArray(capability, { maxLength: 1 }),
    maxInputTokens: maybe(fc.nat(4_000)),
    tags: fc.uniqueArray(tag, { maxLength: 2 }),
    cost: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
    speaks: seldom.map((isSeldom) => !isSeldom),
    isTried: seldom,
    isSpent: seldom,
    coolingMs: often(2),
    isProbed: seldom,
    limitedMs: often(4),
    quotaMs: often(4),
    freeSlots: maybe(fc.nat(2)),
    queued: maybe(fc.nat(5)),
    inFlight: fc.nat(50),
    latencyMs: fc.double({ min: 0, max: 20_000, noNaN: true }),
    meanLatency: fc.double({ min: 0, max: 10, noNaN: true }),
    minuteRequests: fc.nat(20),
    minuteTokens: fc.nat(5_000),
  })
  .map(candidateWith)

const input: fc.Arbitrary<DecisionInput> = fc.record({
  strategy: fc.constantFrom(...strategyNames),
  rules: fc.record({
    isTagFiltering: seldom,
    isTagMatchAny: fc.boolean(),
    arePreCallChecksOn: fc.boolean(),
    areRatesEnforced: seldom,
    latencyBuffer: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  request: fc.record({
    endpoint: fc.constantFrom('chat-completions', 'embeddings'),
    promptTokens: fc.nat(3_000),
    needs: fc.uniqueArray(capability, { maxLength: 2 }),
    tags: fc.uniqueArray(askedTag, { maxLength: 2 }),
    affinity: maybe(fc.integer({ min: 0, max: 0xffff_ffff })),
  }),
  candidates: fc.array(candidate, { maxLength: 7 }),
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
})

const holds = (check: (given: DecisionInput) => void) =>
  fc.assert(fc.property(input, check), { numRuns: 1_000 })

const isOut = ({ coolingMs, isProbed }: CandidateFacts) => coolingMs > 0 || isProbed
const isUsedUp = ({ limitedMs, quotaMs }: CandidateFacts) => limitedMs > 0 || quotaMs > 0
const isUnable = ({ speaks, traits }: CandidateFacts, { request }: DecisionInput) =>
  !speaks || request.needs.some((need) => traits.lacks.includes(need))
const canServe = ({ freeSlots, queued }: CandidateFacts) => freeSlots !== 0 || queued !== undefined
const classOf = ({ traits }: CandidateFacts) => traits.order ?? Infinity

function chosen(given: DecisionInput): CandidateFacts[] {
  return decide(given).order.map((at) => {
    const one = given.candidates[at]
    if (!one) throw new Error(`no candidate ${at}`)
    return one
  })
}

test('every candidate is asked or passed over with a reason, never both', () => {
  holds((given) => {
    const { order, passedOver } = decide(given)
    const all = [...order, ...passedOver.map(({ index }) => index)]
    expect(all.toSorted((a, b) => a - b)).toEqual(given.candidates.map((_, at) => at))
    for (const { forMs } of passedOver) expect(forMs).toBeGreaterThanOrEqual(0)
  })
})

test('one that is used up, spent or unable is never asked', () => {
  holds((given) => {
    for (const one of chosen(given)) {
      expect([isUsedUp(one), one.isSpent, isUnable(one, given)]).toEqual([false, false, false])
    }
  })
})

test('one that rests is asked only where every other rests, or cannot be asked at all', () => {
  holds((given) => {
    const { order, passedOver, isLastResort } = decide(given)
    const resting = chosen(given).filter(isOut)
    expect(resting.length > 0).toBe(isLastResort && order.length > 0)
    if (!isLastResort) return
    expect(chosen(given).every(isOut)).toBe(true)
    for (const { index, reason } of passedOver) {
      const one = given.candidates[index]
      if (reason === 'lower priority' || reason === 'no free slot')
        expect(one && isOut(one)).toBe(true)
      expect(['cooling', 'being probed']).not.toContain(reason)
    }
  })
})

test('nobody is left unasked while there is one to ask', () => {
  const plain = input.map((given) => ({
    ...given,
    rules: { ...given.rules, isTagFiltering: false, arePreCallChecksOn: false },
    candidates: given.candidates.map((one) => ({ ...one, minuteRequests: -1, minuteTokens: -1e6 })),
  }))
  fc.assert(
    fc.property(plain, (given) => {
      const able = given.candidates.filter(
        (one) => !isUsedUp(one) && !one.isSpent && !isUnable(one, given),
      )
      const well = able.filter((one) => !isOut(one))
      const left = (well.length > 0 ? well : able).filter(canServe)
      fc.pre(left.length > 0)
      const first = Math.min(...left.map(classOf))
      expect(new Set(chosen(given))).toEqual(new Set(left.filter((one) => classOf(one) === first)))
    }),
    { numRuns: 1_000 },
  )
})

test('all that are asked are of one class, and none of a higher class was left for its load', () => {
  holds((given) => {
    const asked = chosen(given)
    const [first] = asked
    if (!first) return
    for (const one of asked) expect(classOf(one)).toBe(classOf(first))
    for (const { index, reason } of decide(given).passedOver) {
      const one = given.candidates[index]
      if (one && reason === 'lower priority') expect(classOf(one)).toBeGreaterThan(classOf(first))
      if (one && reason === 'no free slot') expect(canServe(one)).toBe(false)
    }
  })
})

test('free places go before queues, untried before tried, short queues before long ones', () => {
  holds((given) => {
    const ranks = chosen(given).map(({ freeSlots, isTried, queued = 0 }) =>
      freeSlots === 0 ? [1, Number(isTried), queued] : [0, Number(isTried), 0],
    )
    const sorted = ranks.toSorted((a, b) => {
      const at = a.findIndex((value, place) => value !== b[place])
      return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
    })
    expect(ranks).toEqual(sorted)
  })
})

test('the same input gives the same decision, also after it has been JSON, and is left as it was', () => {
  holds((given) => {
    const before = JSON.stringify(given)
    const decision = decide(given)
    expect(decide(given)).toEqual(decision)
    expect(decide(JSON.parse(before))).toEqual(decision)
    expect(JSON.stringify(given)).toBe(before)
  })
})
