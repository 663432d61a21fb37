import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { pictureOf, pixelsOf } from '../../../gateway/accounting/asked-units.ts'
import { costCeiling, type CeilingAsk } from '../../../gateway/accounting/cost-ceiling.ts'
import { costOf } from '../../../gateway/accounting/cost.ts'
import { Pricing } from '../../../gateway/accounting/pricing.ts'
import type { PriceSheet } from '../../../gateway/accounting/price-list.ts'

function pricingOf(own: PriceSheet, list: Readonly<Record<string, PriceSheet>> = {}): Pricing {
  const deployment = { provider: 'openai', own, isLocal: false }
  return new Pricing(deployment, 'x', { unpriced: 'warn', find: (name) => list[name] })
}

const ask = (more: Partial<CeilingAsk> = {}): CeilingAsk => ({
  endpoint: 'chat-completions',
  fields: {},
  promptTokens: 0,
  answerTokens: 0,
  fileBytes: 0,
  longestMs: 1000,
  ...more,
})
const ceiling = (own: PriceSheet, more: Partial<CeilingAsk> = {}) =>
  costCeiling(pricingOf(own), 'x', ask(more))
/** Each of a cost's parts may be rounded up. */
const rounding = 6
const dollar = 1_000_000_000

const usual = {
  input_cost_per_token: 0.000002,
  output_cost_per_token: 0.00001,
  cache_creation_input_token_cost: 0.0000025,
  cache_read_input_token_cost: 0.0000002,
  input_cost_per_token_above_200k_tokens: 0.000004,
  output_cost_per_token_above_200k_tokens: 0.000015,
  input_cost_per_token_priority: 0.0000035,
  output_cost_per_token_priority: 0.0000175,
  output_cost_per_reasoning_token: 0.000012,
  search_context_cost_per_query: { search_context_size_low: 0.01, search_context_size_high: 0.03 },
}

test('whatever of it is used, a request costs no more', () => {
  const count = fc.nat({ max: 300_000 })
  const usage = fc.record({
    promptTokens: count,
    completionTokens: count,
    cachedTokens: count,
    cacheCreationTokens: count,
    reasoningTokens: count,
    serviceTier: fc.constantFrom(undefined, 'default', 'flex', 'priority'),
  })
  const off = {
    ...usual,
    off_peak_pricing: { hours_utc: '00:00-12:00', output_cost_per_token: 0.00004 },
  }
  fc.assert(
    fc.property(usage, fc.constantFrom(usual, off), fc.nat(), (used, sheet, atMs) => {
      const price = pricingOf(sheet).price
      if (!price) throw new Error('it has no price')
      const facts = { secondsOf: 'call', callSeconds: 1, atMs, tier: used.serviceTier } as const
      const { total } = costOf(price, used, facts)
      const { promptTokens, completionTokens: answerTokens } = used
      const fields = { service_tier: used.serviceTier }
      expect(total).toBeLessThanOrEqual(ceiling(sheet, { promptTokens, answerTokens, fields }))
    }),
  )
})

describe('the most a request may cost', () => {
  test('is every token at the dearest rate that may come to it', () => {
    const tokens = { promptTokens: 1000, answerTokens: 100 }
    expect(ceiling(usual, tokens)).toBe(1000 * 3500 + 100 * 17_500 + rounding)
    const fields = { service_tier: 'default' }
    expect(ceiling(usual, { ...tokens, fields })).toBe(1000 * 2500 + 100 * 12_000 + rounding)
    const long = { promptTokens: 200_001, answerTokens: 1, fields }
    expect(ceiling(usual, long)).toBe(200_001 * 4000 + 15_000 + rounding)
  })

  test('has what is put on it and taken off', () => {
    const deployment = { provider: 'openai', own: usual, isLocal: false }
    const terms = { discount: 0.1, margin: 0.5, feeNano: 777 }
    const pricing = new Pricing(deployment, 'x', {
      unpriced: 'warn',
      find: () => undefined,
      terms,
    })
    const fields = { service_tier: 'default' }
    const most = costCeiling(pricing, 'x', ask({ promptTokens: 1000, answerTokens: 10, fields }))
    expect(most).toBe(Math.ceil((1000 * 2500 + 10 * 12_000 + rounding) * 1.35) + 777 + rounding)
  })

  test('is nothing where it is free, or where nobody knows', () => {
    const free = { input_cost_per_token: 0, output_cost_per_token: 0 }
    expect(ceiling(free, { promptTokens: 1000 })).toBe(0)
    expect(ceiling({}, { promptTokens: 1000 })).toBe(0)
  })

  test('has the searches in the web that may be made', () => {
    const asked = { web_search_options: {} }
    expect(ceiling(usual, { fields: asked })).toBe(0.03 * dollar + rounding)
    const tools = [{ type: 'web_search_20250305', max_uses: 3 }, { type: 'function' }]
    expect(ceiling(usual, { fields: { tools } })).toBe(0.09 * dollar + rounding)
  })

  test('of pictures is that of the dearest that the request leaves open', () => {
    const list = {
      'low/1024-x-1024/x': { litellm_provider: 'openai', input_cost_per_image: 0.01 },
      'high/1024-x-1024/x': { litellm_provider: 'openai', input_cost_per_image: 0.2 },
      'high/1024-x-1536/x': { litellm_provider: 'openai', input_cost_per_image: 0.3 },
    }
    const of = (fields: Record<string, unknown>) =>
      costCeiling(pricingOf({}, list), 'x', ask({ endpoint: 'images-generations', fields }))
    expect(of({})).toBe(0.3 * dollar + rounding)
    expect(of({ size: '1024x1024', n: 2 })).toBe(0.4 * dollar + rounding)
    expect(of({ size: '1024x1024', quality: 'low' })).toBe(0.01 * dollar + rounding)
  })

  test('of pictures that are paid by the pixel is that of their size', () => {
    const fields = { size: '512x512', n: '2' }
    const picture = pictureOf(fields)
    const more = { endpoint: 'images-generations', fields } as const
    expect(ceiling({ output_cost_per_pixel: 0.00000001 }, more)).toBe(
      2 * 10 * pixelsOf(picture) + rounding,
    )
  })

  test('of speech goes by its text, of a transcript by its file', () => {
    const speech = { endpoint: 'audio-speech', fields: { input: 'x'.repeat(1000) } } as const
    expect(ceiling({ input_cost_per_character: 0.00003 }, speech)).toBe(0.03 * dollar + rounding)
    const sound = { endpoint: 'audio-transcriptions', fileBytes: 2_000_000 } as const
    expect(ceiling({ input_cost_per_second: 0.0001 }, sound)).toBe(0.1 * dollar + rounding)
  })

  test('of a rerank goes by its documents, of energy by the time it may take', () => {
    const documents = Array.from({ length: 250 }, () => 'x')
    const rerank = { endpoint: 'rerank', fields: { documents } } as const
    expect(ceiling({ input_cost_per_query: 0.002 }, rerank)).toBe(3 * 0.002 * dollar + rounding)
    const deployment = { provider: 'x', own: {}, isLocal: true, watts: 360, pricePerKwh: 0.5 }
    const pricing = new Pricing(deployment, 'x', { unpriced: 'warn', find: () => undefined })
    expect(costCeiling(pricing, 'x', ask({ longestMs: 60_000 }))).toBe(60 * 50_000 + rounding)
  })
})
