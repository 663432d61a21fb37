import { expect, test } from 'vitest'

import { costOf } from '../../../gateway/accounting/cost.ts'
import { offPeakHours } from '../../../gateway/accounting/off-peak.ts'
import { PriceBook } from '../../../gateway/accounting/price-book.ts'
import { createPrice } from '../../../gateway/accounting/price.ts'

const at = (text: string): number => Date.parse(text)

// 2026-06-05 is a Friday.
test.each([
  ['16:30-00:30', undefined, '2026-06-05T16:30:00Z', true],
  ['16:30-00:30', undefined, '2026-06-05T00:29:59Z', true],
  ['16:30-00:30', undefined, '2026-06-05T00:30:00Z', false],
  ['16:30-00:30', undefined, '2026-06-05T12:00:00Z', false],
  ['00:00-00:00', [6, 7], '2026-06-06T00:00:00Z', true],
  ['00:00-00:00', [6, 7], '2026-06-07T23:59:59Z', true],
  ['00:00-00:00', [6, 7], '2026-06-05T23:59:59Z', false],
  ['10:00-00:00', [1, 2, 3, 4, 5], '2026-06-05T23:59:59Z', true],
  ['22:00-02:00', [5], '2026-06-06T01:00:00Z', true],
  ['22:00-02:00', [5], '2026-06-05T01:00:00Z', false],
  ['22:00-02:00', [7], '2026-06-08T01:00:00Z', true],
])('%s on %j holds at %s: %s', (hours_utc, weekdays, moment, isWithin) => {
  expect(offPeakHours({ windows: [{ hours_utc, weekdays }] })?.(at(moment))).toBe(isWithin)
  expect(offPeakHours({ hours_utc: [hours_utc], weekdays })?.(at(moment))).toBe(isWithin)
})

test('hours that are none make no price', () => {
  for (const pricing of [{}, { hours_utc: 'at night' }, { windows: [3, {}] }, { windows: 'x' }])
    expect(offPeakHours(pricing)).toBeUndefined()
})

test('a request takes the price of the time it came', () => {
  const price = createPrice(new PriceBook().find('deepseek/deepseek-flash') ?? {}, 'list')
  const usage = { promptTokens: 1000, completionTokens: 100, cachedTokens: 500 }
  const costAt = (moment: string) =>
    price && costOf(price, usage, { secondsOf: 'call', callSeconds: 0, atMs: at(moment) }).total
  // 500 × 0.30/M + 500 × 0.006/M + 100 × 1.20/M
  expect(costAt('2026-06-05T02:00:00Z')).toBe(273_000)
  // 500 × 0.15/M + 500 × 0.003/M + 100 × 0.60/M
  expect(costAt('2026-06-05T04:00:00Z')).toBe(136_500)
  expect(costAt('2026-06-06T02:00:00Z')).toBe(136_500)
})

test('it takes the place of tiers', () => {
  const price = createPrice(
    {
      tiered_pricing: [
        { range: [0, 1000], input_cost_per_token: 3e-6, output_cost_per_token: 4e-6 },
      ],
      off_peak_pricing: {
        hours_utc: '14:00-00:00',
        input_cost_per_token: 1e-7,
        output_cost_per_token: 4e-7,
        output_cost_per_reasoning_token: 8e-7,
      },
    },
    'file',
  )
  const usage = { promptTokens: 500, completionTokens: 100, reasoningTokens: 40 }
  const costAt = (moment: string) =>
    price && costOf(price, usage, { secondsOf: 'call', callSeconds: 0, atMs: at(moment) }).total
  // 500 × 0.10/M + 60 × 0.40/M + 40 × 0.80/M
  expect(costAt('2026-09-03T17:25:00Z')).toBe(106_000)
  // 500 × 3/M + 100 × 4/M
  expect(costAt('2026-09-03T09:00:00Z')).toBe(1_900_000)
})
