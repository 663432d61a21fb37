import { describe, expect, test } from 'vitest'

import { readModule } from '../../../modules/read-module.ts'
import type { ErrorCode } from '../../../gateway/errors/catalogue.ts'
import { GatewayError, type ErrorDetails } from '../../../gateway/errors/gateway-error.ts'
import {
  judgeFailure,
  mayHaveBilled,
  retrySettingsOf,
  waitBeforeRetry,
  type Past,
  type RetrySettings,
} from '../../../gateway/routing/retry-rules.ts'

const plain: RetrySettings = { numRetries: 2, policy: {}, retryAfterMs: 0 }

const failed = (code: ErrorCode, details: ErrorDetails = {}) => new GatewayError(code, '', details)

const past = (more: Partial<Past> = {}): Past => ({
  retries: 0,
  billed: 0,
  hasAnswerBegun: false,
  hasOthers: true,
  leftMs: Infinity,
  ...more,
})

const judge = (
  code: ErrorCode,
  more: Partial<Past> = {},
  settings: Partial<RetrySettings> = {},
  details: ErrorDetails = {},
) => judgeFailure(failed(code, details), past(more), { ...plain, ...settings })

describe('how often', () => {
  const { module } = readModule(
    JSON.stringify({
      model_list: [],
      router_settings: {
        num_retries: 4,
        retry_policy: { TimeoutErrorRetries: 1 },
        model_group_retry_policy: { b: { TimeoutErrorRetries: 5 } },
      },
    }),
    { file: 'm.yaml', name: 'm' },
  )
  const settings = (asked: number | undefined, numRetries?: number, group = 'a') => {
    if (!module) throw new Error('no module')
    return retrySettingsOf(
      asked,
      group,
      numRetries === undefined ? {} : { numRetries },
      module.router,
    )
  }

  test('is said by the request, else by the deployment, else by the router', () => {
    expect([settings(0, 7), settings(undefined, 7), settings(undefined)]).toMatchObject([
      { numRetries: 0 },
      { numRetries: 7 },
      { numRetries: 4 },
    ])
  })

  test("a group's own policy goes before the general one", () => {
    expect([settings(1).policy, settings(1, 1, 'b').policy]).toEqual([
      { TimeoutError: 1 },
      { TimeoutError: 5 },
    ])
  })

  test('ends with the number of retries', () => {
    expect([0, 1, 2, 3].map((retries) => judge('upstream_failed', { retries }))).toEqual([
      'anywhere',
      'anywhere',
      'no',
      'no',
    ])
    expect(judge('upstream_failed', {}, { numRetries: 0 })).toBe('no')
  })

  test('a policy that names the class stands before the number', () => {
    const policy = { InternalServerError: 0, RateLimitError: 9 }
    expect(judge('upstream_failed', {}, { policy })).toBe('no')
    expect(judge('upstream_rate_limited', { retries: 8 }, { policy })).toBe('anywhere')
    expect(judge('upstream_timeout', {}, { policy })).toBe('elsewhere')
  })
})

describe('which failure', () => {
  test.each([
    ['upstream_failed', 'anywhere'],
    ['upstream_unreachable', 'anywhere'],
    ['upstream_rate_limited', 'anywhere'],
    ['upstream_timeout', 'elsewhere'],
    ['upstream_refused_our_key', 'elsewhere'],
    ['upstream_lacks_model', 'elsewhere'],
    ['upstream_rejected', 'no'],
    ['context_length_exceeded', 'no'],
    ['content_policy_violation', 'no'],
    ['invalid_request', 'no'],
    ['unsupported_parameter', 'no'],
    ['caller_gone', 'no'],
    ['caller_deadline', 'no'],
    ['queue_full', 'no'],
    ['stream_interrupted', 'no'],
    ['internal_error', 'no'],
  ] as const)('%s: %s', (code, expected) => {
    expect(judge(code)).toBe(expected)
  })

  test.each(['upstream_timeout', 'upstream_refused_our_key', 'upstream_lacks_model'] as const)(
    '%s is not tried again where there is no other deployment',
    (code) => {
      expect(judge(code, { hasOthers: false })).toBe('no')
    },
  )

  test.each([
    [400, 'no'],
    [402, 'no'],
    [409, 'anywhere'],
    [413, 'no'],
    [422, 'no'],
  ] as const)("of an upstream's own %i: %s", (status, expected) => {
    expect(judge('upstream_rejected', {}, {}, { upstream: { status } })).toBe(expected)
  })

  test("an upstream's own 408 is tried again anywhere: it says that it has done nothing", () => {
    expect(judge('upstream_timeout', {}, {}, { answeredStatus: 408 })).toBe('anywhere')
  })

  test('a policy has what is else not tried again tried again', () => {
    expect(judge('upstream_rejected', {}, { policy: { BadRequestError: 1 } })).toBe('anywhere')
    const policy = { AuthenticationError: 1 }
    expect(judge('upstream_refused_our_key', { hasOthers: false }, { policy })).toBe('anywhere')
  })

  test('nothing is, once bytes have gone out', () => {
    expect(judge('upstream_failed', {}, {}, { isFinal: true })).toBe('no')
    const policy = { InternalServerError: 3 }
    expect(judge('upstream_failed', {}, { policy }, { isFinal: true })).toBe('no')
  })
})

describe('what may have been billed', () => {
  test('is a silence that was not waited for, and an answer that had begun', () => {
    expect(mayHaveBilled(failed('upstream_timeout'), false)).toBe(true)
    expect(mayHaveBilled(failed('upstream_unreachable'), true)).toBe(true)
    expect(mayHaveBilled(failed('upstream_nonsense'), false)).toBe(true)
    expect(mayHaveBilled(failed('upstream_nonsense', { answeredStatus: 302 }), false)).toBe(false)
    expect(mayHaveBilled(failed('upstream_unreachable'), false)).toBe(false)
    expect(mayHaveBilled(failed('upstream_failed', { answeredStatus: 500 }), false)).toBe(false)
  })

  test.each(['upstream_nonsense', 'upstream_unreachable'] as const)(
    '%s after the head goes to another deployment, once',
    (code) => {
      expect(judge(code, { hasAnswerBegun: true })).toBe('elsewhere')
      expect(judge(code, { hasAnswerBegun: true, hasOthers: false })).toBe('no')
      expect(judge(code, { hasAnswerBegun: true, billed: 1 })).toBe('no')
    },
  )

  test('does not count against a failure that is free', () => {
    expect(judge('upstream_unreachable', { billed: 1 })).toBe('anywhere')
  })

  test('is paid again only where a policy for timeouts says so', () => {
    const settings = { policy: { TimeoutError: 3 } }
    expect(judge('upstream_timeout', { billed: 2, hasOthers: false }, settings)).toBe('anywhere')
    const others = { policy: { Default: 3, InternalServerError: 3 } }
    expect(judge('upstream_nonsense', { billed: 1, hasAnswerBegun: true }, others)).toBe('no')
  })
})

describe('the wait', () => {
  const wait = (
    retryAfterSeconds: number | undefined,
    more: Partial<Parameters<typeof waitBeforeRetry>[1]> = {},
    retryAfterMs = 0,
  ) =>
    waitBeforeRetry(
      failed('upstream_failed', retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      { isOtherAwake: false, retries: 0, leftMs: Infinity, random: 0, ...more },
      { ...plain, retryAfterMs },
    )

  test('is none where another deployment is awake', () => {
    expect(wait(30, { isOtherAwake: true }, 9_000)).toBe(0)
  })

  test('is what the upstream asked for, up to a minute', () => {
    expect(wait(7)).toBeGreaterThan(7_000)
    expect(wait(7, { random: 0.999 })).toBeLessThan(7_200)
    expect(wait(61, { random: 0.5 })).toBe(50)
  })

  test('is else random, up to a bound that doubles to five seconds', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 60].map((retries) =>
      wait(undefined, { retries, random: 1 }),
    )
    expect(longest).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    expect(wait(undefined, { retries: 9, random: 0 })).toBe(0)
  })

  test('is at least `retry_after`', () => {
    expect(wait(undefined, {}, 800)).toBe(800)
    expect(wait(5, {}, 800)).toBeGreaterThan(5_000)
  })

  test('is not begun where the caller would not see its end', () => {
    expect(wait(7, { leftMs: 5_000 })).toBeUndefined()
    expect(wait(undefined, { leftMs: 500 }, 800)).toBeUndefined()
  })

  test('longer than the caller has: another deployment or none', () => {
    const asked = { retryAfterSeconds: 30 }
    expect(judge('upstream_failed', { leftMs: 9_000 }, {}, asked)).toBe('elsewhere')
    expect(judge('upstream_failed', { leftMs: 9_000, hasOthers: false }, {}, asked)).toBe('no')
    expect(judge('upstream_failed', { leftMs: 90_000 }, {}, asked)).toBe('anywhere')
    expect(judge('upstream_rate_limited', {}, {}, { retryAfterSeconds: 61 })).toBe('elsewhere')
  })
})
