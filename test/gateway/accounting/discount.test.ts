import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Cost } from '../../../gateway/accounting/cost.ts'
import { costOf, sumOfCosts } from '../../../gateway/accounting/cost.ts'
import { costCeiling } from '../../../gateway/accounting/cost-ceiling.ts'
import { createPricing } from '../../../gateway/accounting/create-pricing.ts'
import { onTerms, termsOf } from '../../../gateway/accounting/discount.ts'
import { PriceBook } from '../../../gateway/accounting/price-book.ts'
import type { Margin } from '../../../modules/module.ts'
import { targetFor } from '../providers/run-fixture.ts'

const { find } = new PriceBook()
const settings = {
  unpriced: 'warn' as const,
  discounts: { anthropic: 0.05, openai: 0.1 },
  margins: { global: 0.2, openai: { percentage: 0.08, fixed_amount: 0.0005 }, cohere: 0.5 },
}

function pricingOf(name: string, hostname = 'api.example.com') {
  const [provider = '', model = ''] = name.split('/')
  const { params } = targetFor(model)
  return createPricing({ params, provider, model, hostname, settings }, find)
}

/** A thousand tokens in, half as many out. */
function cost(name: string, hostname?: string): Cost | undefined {
  const price = pricingOf(name, hostname).price
  return (
    price &&
    costOf(
      price,
      { promptTokens: 1000, completionTokens: 500 },
      { secondsOf: 'call', callSeconds: 1 },
    )
  )
}

describe('the terms of a provider, by hand', () => {
  test('a discount, then the margin of all', () => {
    // 1000 × 5/M + 500 × 25/M = 0.0175; − 5 % = 0.016625; + 20 % = 0.01995
    expect(cost('anthropic/claude-opus-4-5')).toMatchObject({
      total: 19_950_000,
      input: 5_700_000,
      output: 14_250_000,
      change: { original: 17_500_000, discount: 875_000, margin: 3_325_000, marginPart: 0.2 },
    })
  })

  test('a margin of its own, with an amount for each request', () => {
    // 1000 × 2.50/M + 500 × 10/M = 0.0075; − 10 % = 0.00675; + 8 % = 0.00729; + 0.0005
    expect(cost('openai/gpt-4o')).toMatchObject({
      total: 7_790_000,
      units: 500_000,
      change: { original: 7_500_000, discount: 750_000, margin: 1_040_000, marginPart: 0.08 },
    })
  })

  test('another name of the same server has them too', () => {
    // 1000 × 2.50/M + 500 × 10/M = 0.0075; + 50 %
    expect(cost('cohere_chat/command-a-03-2025')?.total).toBe(11_250_000)
  })

  test('what is free stays so, unless each request has a fee', () => {
    expect(cost('ollama_chat/qwen3', 'localhost')).toMatchObject({ total: 0 })
    expect(cost('openai/gpt-4o', 'localhost')).toMatchObject({ total: 500_000 })
  })

  test('none where nothing is said of it', () => {
    expect(termsOf('openai', { unpriced: 'warn' })).toBeUndefined()
    expect(termsOf('__proto__', { unpriced: 'warn', margins: {} })).toBeUndefined()
  })
})

test('routing by cost sees them', () => {
  // (2.50 + 10)/M × 0.9 × 1.08
  expect(pricingOf('openai/gpt-4o').tokenCost).toBeCloseTo(0.000_012_15, 12)
})

test('the most a request may cost holds them', () => {
  const pricing = pricingOf('openai/gpt-4o')
  const most = costCeiling(pricing, 'gpt-4o', {
    endpoint: 'chat-completions',
    fields: {},
    promptTokens: 1000,
    answerTokens: 500,
    fileBytes: 0,
    longestMs: 1000,
  })
  expect(most).toBeGreaterThanOrEqual(cost('openai/gpt-4o')?.total ?? Infinity)
})

const part = fc.double({ min: 0, max: 1, noNaN: true })
const amount = fc.nat({ max: 2 ** 31 })

test('whatever the terms, the parts add up, and what was taken off and put on explains the whole', () => {
  fc.assert(
    fc.property(
      fc.record({
        input: amount,
        cacheRead: amount,
        cacheWrite: amount,
        output: amount,
        units: amount,
      }),
      fc.record({ discount: part, margin: part, feeNano: amount }),
      (parts, terms) => {
        const total = Object.values(parts).reduce((a, b) => a + b, 0)
        const changed = onTerms({ total, ...parts }, terms)
        const { input, cacheRead, cacheWrite, output, units, change } = changed
        for (const one of [input, cacheRead, cacheWrite, output, units]) {
          expect(Number.isSafeInteger(one)).toBe(true)
          expect(one).toBeGreaterThanOrEqual(0)
        }
        expect(input + cacheRead + cacheWrite + output + units).toBe(changed.total)
        const { original = 0, discount = 0, margin = 0 } = change ?? {}
        expect(original - discount + margin).toBe(changed.total)
      },
    ),
  )
})

test('two attempts add up, one of them under no terms', () => {
  const one = cost('openai/gpt-4o')
  const bare = { total: 7, input: 7, cacheRead: 0, cacheWrite: 0, output: 0, units: 0 }
  expect(one && sumOfCosts(one, bare)).toMatchObject({
    total: 7_790_007,
    change: { original: 7_500_007, discount: 750_000, margin: 1_040_000 },
  })
})

test.each<[Margin, number]>([
  [0.1, 0.1],
  [{ percentage: 0.1 }, 0.1],
  [{ fixed_amount: 1 }, 0],
])('a margin of %j', (margin, expected) => {
  const terms = termsOf('x', { unpriced: 'warn', margins: { global: margin } })
  expect(terms?.margin).toBe(expected)
})
