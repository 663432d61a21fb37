import { expect, test } from 'vitest'

import type { ToldLimit } from '../../../gateway/limits/gate.ts'
import { quotaSpecsOf } from '../../../gateway/limits/quota-specs.ts'
import { findTold } from '../../../gateway/limits/told-limits.ts'
import type { Quota } from '../../../modules/module.ts'

const midnight = { minuteOfDay: 0, timeZone: 'America/Los_Angeles' }
const hourMs = 3_600_000

const quota = (per: Quota['per'], amount: number, resets: Quota['resets'] = midnight): Quota => ({
  unit: 'requests',
  per,
  amount,
  resets,
})

function periodsToldBy(told: ToldLimit, quotas: readonly Quota[]): string[] {
  const params = {
    model: 'm',
    additionalDropParams: [],
    extraHeaders: {},
    extraBody: {},
    defaults: {},
    quotas,
  }
  const amounts = quotaSpecsOf('d', params, false).map((spec) => ({ spec }))
  return findTold(told, amounts).map(({ spec }) => spec.per)
}

const geminis = [quota('minute', 10, 'rolling'), quota('day', 250)]

test('a limit of a named period is about that period alone', () => {
  expect(periodsToldBy({ per: 'day', remaining: 0 }, geminis)).toEqual(['day'])
  expect(periodsToldBy({ per: 'minute', remaining: 0 }, geminis)).toEqual(['minute'])
  expect(periodsToldBy({ per: 'hour', remaining: 0 }, geminis)).toEqual([])
})

test('a limit without a period is about the amount of its size', () => {
  expect(periodsToldBy({ limit: 250, remaining: 3, resetsInMs: 30_000 }, geminis)).toEqual(['day'])
  expect(periodsToldBy({ limit: 10, remaining: 3 }, geminis)).toEqual(['minute'])
})

test('one that names neither is about the smallest period that its reset fits into', () => {
  expect(periodsToldBy({ remaining: 0 }, geminis)).toEqual(['minute'])
  expect(periodsToldBy({ remaining: 0, resetsInMs: 42_000 }, geminis)).toEqual(['minute'])
  expect(periodsToldBy({ remaining: 0, resetsInMs: 5 * hourMs }, geminis)).toEqual(['day'])
  expect(periodsToldBy({ limit: 777, remaining: 0, resetsInMs: 5 * hourMs }, geminis)).toEqual([
    'day',
  ])
})

test('a reset further away than any period of ours is about none of them', () => {
  expect(periodsToldBy({ remaining: 0, resetsInMs: 40 * hourMs }, geminis)).toEqual([])
})

test('the day on which clocks are put back has 25 hours, some months have 31 days', () => {
  const both = [quota('day', 250), quota('month', 9_000)]
  expect(periodsToldBy({ remaining: 0, resetsInMs: 24.9 * hourMs }, both)).toEqual(['day'])
  expect(periodsToldBy({ remaining: 0, resetsInMs: 30.9 * 24 * hourMs }, both)).toEqual(['month'])
})

test('two amounts of one period are both meant', () => {
  const two = [quota('day', 250), quota('day', 100, { minuteOfDay: 540, timeZone: 'UTC' })]
  expect(periodsToldBy({ per: 'day', remaining: 0 }, two)).toEqual(['day', 'day'])
})
