import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Quota } from '../../modules/module.ts'
import { faultLine, readModule } from '../../modules/read-module.ts'

function read(params: object, router: object = {}, environment?: (name: string) => string) {
  const text = stringify({
    model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a', ...params } }],
    router_settings: router,
  })
  const { module, faults } = readModule(text, {
    file: 'f',
    name: 'm',
    ...(environment ? { environment } : {}),
  })
  return {
    params: module?.models[0]?.params,
    quotas: module?.models[0]?.params.quotas,
    faults: faults.map((fault) => faultLine(fault).replace(/^\S+ model_list\[0\]\.\w+\./, '')),
  }
}

const day = { unit: 'requests', amount: 5, per: 'day' }
const midnight = { minuteOfDay: 0, timeZone: 'UTC' }

function resetOf(quota: object): Quota['resets'] | undefined {
  return read({ quota }).quotas?.[0]?.resets
}

describe('a quota', () => {
  test('stands alone or in a list', () => {
    const tokens = { unit: 'tokens', amount: 1_000_000, per: 'month' }
    expect(read({ quota: day })).toMatchObject({ quotas: [day], faults: [] })
    expect(read({ quota: [day, tokens] })).toMatchObject({ quotas: [day, tokens], faults: [] })
    expect(read({}).params).not.toHaveProperty('quotas')
  })

  test.each([
    ['minute', 'rolling'],
    ['hour', 'rolling'],
    ['day', midnight],
    ['week', midnight],
    ['month', midnight],
  ])('of a %s resets, where nothing is said, by %j', (per, resets) => {
    expect(resetOf({ ...day, per })).toEqual(resets)
  })

  test.each([
    ['rolling', 'rolling'],
    ['Rolling', 'rolling'],
    ['00:00', midnight],
    ['7:05', { minuteOfDay: 425, timeZone: 'UTC' }],
    ['00:00 America/Los_Angeles', { minuteOfDay: 0, timeZone: 'America/Los_Angeles' }],
    [' 23:59   europe/berlin ', { minuteOfDay: 1439, timeZone: 'Europe/Berlin' }],
  ])('that resets %j', (written, resets) => {
    expect(resetOf({ ...day, resets: written })).toEqual(resets)
  })

  test.each([
    [
      { resets: '00:00 America/Los_Angles' },
      /quota.resets: expected a time zone such as UTC or America\/Los_Angeles, found "America\/Los_Angles", did you mean America\/Los_Angeles/,
    ],
    [{ resets: '24:00' }, /quota.resets: expected rolling, or a time of day such as 00:00/],
    [{ resets: 'midnight' }, /quota.resets: expected rolling, or .*found "midnight"/],
    [{ resets: '00:00 Europe/Berlin sharp' }, /quota.resets: expected rolling, or/],
    [{ amount: 0 }, /quota.amount: expected a whole number from 1, found 0/],
    [{ amount: 1.5 }, /quota.amount: expected a whole number from 1/],
    [{ per: 'days' }, /quota.per: expected one of minute.*did you mean day\?/],
    [{ unit: 'request' }, /quota.unit: expected one of requests, tokens.*did you mean requests\?/],
    [{ reset: '00:00' }, /quota.reset: unknown key, did you mean resets\?/],
  ])('with %j takes the model out and says why', (wrong, fault) => {
    const { params, faults } = read({ quota: { ...day, ...wrong } })
    expect(params).toBeUndefined()
    expect(faults.join('\n')).toMatch(fault)
  })

  test('at fault takes no other down with it: each is named at its own place', () => {
    const { faults } = read({
      quota: [
        { ...day, unit: 'cats' },
        { ...day, resets: 'noon' },
      ],
    })
    expect(faults.map((line) => line.split(':')[0])).toEqual(['quota[0].unit', 'quota[1].resets'])
  })

  test('may come from a variable, and is not judged before that has a value', () => {
    const quota = { unit: '${UNIT}', amount: '${N}', per: 'day', resets: '00:00 ${ZONE}' }
    expect(read({ quota }).faults).toEqual([])
    const values: Record<string, string> = { UNIT: 'requests', N: '5', ZONE: 'Asia/Tokyo' }
    expect(read({ quota }, {}, (name) => values[name] ?? '').quotas).toEqual([
      { ...day, resets: { minuteOfDay: 0, timeZone: 'Asia/Tokyo' } },
    ])
  })
})

describe('rpd and tpd', () => {
  const enforced = { optional_pre_call_checks: ['enforce_model_rate_limits'] }
  const params = { rpd: 100, tpd: '1_000', daily_reset_time: '08:30' }
  const resets = { minuteOfDay: 510, timeZone: 'UTC' }

  test('are quotas of a day where rates are enforced', () => {
    expect(read({ ...params, quota: day }, enforced)).toMatchObject({
      quotas: [
        { unit: 'requests', amount: 5 },
        { unit: 'requests', amount: 100, per: 'day', resets },
        { unit: 'tokens', amount: 1000, per: 'day', resets },
      ],
      faults: [],
    })
  })

  test('are no limits elsewhere, which is said', () => {
    const { quotas, faults } = read(params)
    expect(quotas).toBeUndefined()
    expect(faults.map((line) => line.slice(0, 40))).toEqual([
      'rpd: warning: it limits nothing without ',
      'tpd: warning: it limits nothing without ',
    ])
  })
})

describe('a queue', () => {
  test.each([
    [{}, { maxWaitMs: 30_000, maxLength: 100 }],
    [
      { max_wait: 0, max_length: 0 },
      { maxWaitMs: 0, maxLength: 0 },
    ],
    [{ max_wait: '2.5' }, { maxWaitMs: 2500, maxLength: 100 }],
  ])('%j is %j', (written, queue) => {
    const { params, faults } = read({ queue: written, max_parallel_requests: 1 })
    expect(params?.queue).toEqual(queue)
    expect(faults).toEqual([])
  })

  test('where requests at once are not counted is said to be idle', () => {
    const idle = /queue: warning: nobody waits .*write max_parallel_requests too/
    expect(read({ queue: {} }).faults).toEqual([expect.stringMatching(idle)])
    expect(read({}, { queue: {} }).faults).toEqual([expect.stringMatching(idle)])
    expect(read({ max_parallel_requests: '${N}' }, { queue: {} }).faults).toEqual([])
    expect(read({ queue: {} }, { default_max_parallel_requests: 2 }).faults).toEqual([])
  })
})
