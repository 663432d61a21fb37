import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { costOf, type CostFacts } from '../../../gateway/accounting/cost.ts'
import { dollarsText, toDollars, toNano, wholeNano } from '../../../gateway/accounting/money.ts'
import { PriceBook } from '../../../gateway/accounting/price-book.ts'
import { createPrice } from '../../../gateway/accounting/price.ts'
import type { Usage } from '../../../gateway/accounting/usage.ts'

const { find } = new PriceBook()
const names = [
  'gpt-4o',
  'gpt-5',
  'gpt-audio',
  'gpt-image-1',
  'claude-opus-4-5',
  'gemini/gemini-2.5-pro',
  'dashscope/qwen-plus-latest',
  'azure/gpt-5.4',
  'whisper-1',
  'tts-1',
  'rerank-v3.5',
  'azure/hd/1024-x-1792/dall-e-3',
  'perplexity/pplx-70b-online',
]

const anyPrice = fc.constantFrom(...names).map((name) => {
  const price = createPrice(find(name) ?? {}, 'list')
  if (!price) throw new Error(`${name} has no price`)
  return price
})

const kinds = [
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'cacheCreationTokens',
  'cacheCreationHourTokens',
  'promptAudioTokens',
  'completionAudioTokens',
  'promptImageTokens',
  'completionImageTokens',
  'images',
  'audioSeconds',
  'characters',
  'searchUnits',
  'webSearches',
] as const satisfies readonly (keyof Usage)[]

/** What upstreams may claim: sound counts, and nonsense. */
const anyCount = fc.oneof(
  fc.nat({ max: 1_000_000 }),
  fc.double({ noNaN: false }),
  fc.constantFrom(undefined, 0, -1, Infinity, NaN, Number.MAX_VALUE),
)
const anyUsage: fc.Arbitrary<Usage> = fc
  .array(anyCount, { minLength: kinds.length, maxLength: kinds.length })
  .map((counts): Usage => Object.fromEntries(kinds.map((kind, index) => [kind, counts[index]])))
const anyFacts: fc.Arbitrary<CostFacts> = fc.record({
  secondsOf: fc.constantFrom('sound' as const, 'call' as const),
  callSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  isImage: fc.boolean(),
  tier: fc.constantFrom(undefined, '', 'priority', 'flex', 'batch', 'invented'),
  pixels: fc.option(fc.nat(), { nil: undefined }),
  searchSize: fc.constantFrom(undefined, 'low', 'high', '__proto__'),
})

describe('whatever an upstream tells', () => {
  test('a cost is a whole number from 0, and the sum of its parts', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, anyFacts, (price, usage, facts) => {
        const { total, change: _, ...parts } = costOf(price, usage, facts)
        for (const amount of [total, ...Object.values(parts)]) {
          expect(Number.isSafeInteger(amount)).toBe(true)
          expect(amount).toBeGreaterThanOrEqual(0)
        }
        const sum = Object.values(parts).reduce((a, b) => a + b, 0)
        expect(total).toBe(Math.min(sum, Number.MAX_SAFE_INTEGER))
      }),
    )
  })

  test('kinds that overlap are never paid more than their dearest rate for all tokens', () => {
    const count = fc.nat({ max: 100_000 })
    const price = createPrice(find('gpt-audio') ?? {}, 'list')
    fc.assert(
      fc.property(count, count, count, count, (prompt, cached, audio, image) => {
        const usage = {
          promptTokens: prompt,
          cachedTokens: cached,
          promptAudioTokens: audio,
          promptImageTokens: image,
        }
        const cost = price && costOf(price, usage, { secondsOf: 'call', callSeconds: 0 })
        // 32 USD a million: its sound.
        expect(cost?.total).toBeLessThanOrEqual(prompt * 32_000)
        expect(cost?.total).toBeGreaterThanOrEqual(prompt * 2_500)
      }),
    )
  })
})

describe('more of a thing never costs less', () => {
  const count = fc.nat({ max: 600_000 })

  test.each(['promptTokens', 'completionTokens'] as const)('%s', (kind) => {
    fc.assert(
      fc.property(anyPrice, count, count, count, anyFacts, (price, few, more, other, facts) => {
        const usage = { promptTokens: other, completionTokens: other, images: 1 }
        // Pictures and seconds are paid where no tokens are: those are other prices.
        const first = costOf(price, { ...usage, [kind]: few + 1 }, facts)
        const second = costOf(price, { ...usage, [kind]: few + 1 + more }, facts)
        fc.pre(first.input + first.output > 0)
        expect(second.total).toBeGreaterThanOrEqual(first.total)
      }),
    )
  })

  test.each(['images', 'audioSeconds', 'characters', 'searchUnits'] as const)('%s', (kind) => {
    fc.assert(
      fc.property(anyPrice, count, count, anyFacts, (price, few, more, facts) => {
        const first = costOf(price, { [kind]: few }, facts)
        const second = costOf(price, { [kind]: few + more }, facts)
        expect(second.total).toBeGreaterThanOrEqual(first.total)
      }),
    )
  })

  test('requests below a threshold add up to what one of all their tokens costs', () => {
    const price = createPrice(find('gemini/gemini-2.5-pro') ?? {}, 'list')
    const small = fc.nat({ max: 100_000 })
    fc.assert(
      fc.property(small, small, small, small, (in1, in2, out1, out2) => {
        const pay = (promptTokens: number, completionTokens: number) =>
          (price &&
            costOf(price, { promptTokens, completionTokens }, { secondsOf: 'call', callSeconds: 0 })
              .total) ??
          NaN
        expect(pay(in1, out1) + pay(in2, out2)).toBe(pay(in1 + in2, out1 + out2))
      }),
    )
  })
})

describe('money', () => {
  test('is written as a plain decimal, and read back the same', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 }), (nano) => {
        const text = dollarsText(nano)
        expect(text).toMatch(/^\d+(\.\d{0,8}[1-9])?$/)
        expect(toNano(Number(text))).toBe(nano)
      }),
      { examples: [[0], [1], [12_500], [1_000_000_000], [7_500_000]] },
    )
    expect(dollarsText(12_500)).toBe('0.0000125')
    expect(dollarsText(2_000_000_000)).toBe('2')
  })

  test('what is no amount is nothing', () => {
    for (const nonsense of [NaN, -1, -Infinity]) expect(wholeNano(nonsense)).toBe(0)
    expect(wholeNano(Infinity)).toBe(Number.MAX_SAFE_INTEGER)
    expect(toDollars(toNano(0.1) + toNano(0.2))).toBe(0.3)
  })
})
