import { expect, test } from 'vitest'

import { quotaSpecsOf } from '../../../gateway/limits/quota-specs.ts'
import type { DeploymentParams, Quota } from '../../../modules/module.ts'

const noParams = {
  model: 'm',
  additionalDropParams: [],
  extraHeaders: {},
  extraBody: {},
  defaults: {},
}
const specsOf = (params: Partial<DeploymentParams>, areRatesLimits = false) =>
  quotaSpecsOf('d', { ...noParams, ...params }, areRatesLimits)

const daily: Quota = {
  unit: 'requests',
  amount: 250,
  per: 'day',
  resets: { minuteOfDay: 30, timeZone: 'America/Los_Angeles' },
}

test('a quota is counted under the deployment, its unit and its period', () => {
  expect(specsOf({ quotas: [daily] })).toEqual([
    {
      key: 'quota:d:requests:day',
      unit: 'requests',
      per: 'day',
      amount: 250,
      isRate: false,
      window: { kind: 'calendar', per: 'day', minuteOfDay: 30, timeZone: 'America/Los_Angeles' },
    },
  ])
})

test('a rolling quota has the length of its period', () => {
  const rolling = (per: Quota['per']) =>
    specsOf({ quotas: [{ ...daily, per, resets: 'rolling' }] })[0]?.window
  expect(rolling('minute')).toEqual({ kind: 'rolling', periodMs: 60_000 })
  expect(rolling('week')).toEqual({ kind: 'rolling', periodMs: 7 * 86_400_000 })
})

test('two quotas of one unit and period are counted apart', () => {
  const keys = specsOf({ quotas: [daily, { ...daily, resets: 'rolling' }] }).map(({ key }) => key)
  expect(keys).toEqual(['quota:d:requests:day', 'quota:d:requests:day:2'])
})

test('rpm and tpm are counted where they are limits, and only there', () => {
  expect(specsOf({ rpm: 10, tpm: 1_000 })).toEqual([])
  expect(
    specsOf({ rpm: 10, tpm: 1_000 }, true).map(({ key, amount, window }) => [key, amount, window]),
  ).toEqual([
    ['rate:d:requests:minute', 10, { kind: 'rolling', periodMs: 60_000 }],
    ['rate:d:tokens:minute', 1_000, { kind: 'rolling', periodMs: 60_000 }],
  ])
})

test('nothing limited, nothing counted', () => {
  expect(specsOf({}, true)).toEqual([])
})
