import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { durationOf, momentOf } from '../../../gateway/providers/read-amounts.ts'
import { mergeLimits, readLimits, usedUpMs } from '../../../gateway/providers/read-limits.ts'
import { readRefusalLimits } from '../../../gateway/providers/read-refusal-limits.ts'
import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'

const nowMs = Date.UTC(2026, 0, 1)
const later = (seconds: number) => new Date(nowMs + seconds * 1_000)

describe('headers of', () => {
  test.each([
    [
      'OpenAI',
      {
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      {
        requests: { limit: 60, remaining: 59, resetsInMs: 1_000 },
        tokens: { limit: 150_000, remaining: 149_984, resetsInMs: 360_000 },
      },
    ],
    [
      'Groq',
      {
        'x-groq-region': 'fra',
        'x-ratelimit-limit-requests': '14400',
        'x-ratelimit-remaining-requests': '14370',
        'x-ratelimit-reset-requests': '2m59.56s',
        'x-ratelimit-limit-tokens': '18000',
        'x-ratelimit-remaining-tokens': '17997',
        'x-ratelimit-reset-tokens': '7.66s',
      },
      {
        requests: { per: 'day', limit: 14_400, remaining: 14_370, resetsInMs: 179_560 },
        tokens: { per: 'minute', limit: 18_000, remaining: 17_997, resetsInMs: 7_660 },
      },
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': later(12).toISOString(),
        'anthropic-ratelimit-tokens-limit': '80000',
        'anthropic-ratelimit-tokens-remaining': '79000',
        'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:30Z',
        'anthropic-ratelimit-input-tokens-remaining': '70000',
        'anthropic-ratelimit-priority-input-tokens-remaining': '1',
      },
      {
        requests: { per: 'minute', limit: 50, remaining: 0, resetsInMs: 12_000 },
        tokens: { per: 'minute', remaining: 70_000 },
      },
    ],
    [
      'OpenRouter',
      {
        'x-ratelimit-limit': '20',
        'x-ratelimit-remaining': '3',
        'x-ratelimit-reset': `${later(40).getTime()}`,
      },
      { requests: { limit: 20, remaining: 3, resetsInMs: 40_000 } },
    ],
    [
      'Cerebras',
      {
        'x-ratelimit-limit-requests-day': '1000000000',
        'x-ratelimit-remaining-requests-day': '999997455',
        'x-ratelimit-reset-requests-day': '33011.382867',
        'x-ratelimit-remaining-tokens-minute': '999996165',
      },
      {
        requests: {
          per: 'day',
          limit: 1_000_000_000,
          remaining: 999_997_455,
          resetsInMs: 33_011_383,
        },
        tokens: { per: 'minute', remaining: 999_996_165 },
      },
    ],
    [
      'Mistral',
      {
        'x-ratelimit-limit-req-minute': '60',
        'x-ratelimit-remaining-req-minute': '59',
        'x-ratelimit-limit-tokens-minute': '500000',
        'x-ratelimit-remaining-tokens-minute': '499000',
        'x-ratelimit-limit-tokens-month': '1000000000',
        'x-ratelimit-remaining-tokens-month': '12',
        'x-ratelimit-tokens-query-cost': '32000',
      },
      {
        requests: { per: 'minute', limit: 60, remaining: 59 },
        tokens: { per: 'month', limit: 1_000_000_000, remaining: 12 },
      },
    ],
    [
      'Mistral, older',
      {
        'ratelimitbysize-limit': '500000',
        'ratelimitbysize-remaining': '499000',
        'ratelimitbysize-reset': '33',
        'x-ratelimitbysize-remaining-month': '999999999',
      },
      { tokens: { limit: 500_000, remaining: 499_000, resetsInMs: 33_000 } },
    ],
    [
      'Azure',
      { 'x-ratelimit-remaining-requests': '119', 'x-ratelimit-remaining-tokens': '-1' },
      { requests: { remaining: 119 } },
    ],
    [
      'the draft of a standard',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '0', 'ratelimit-reset': '50' },
      { requests: { limit: 100, remaining: 0, resetsInMs: 50_000 } },
    ],
    [
      'SambaNova, in Unix seconds',
      {
        'x-ratelimit-remaining-requests': '1',
        'x-ratelimit-reset-requests': `${nowMs / 1_000 + 9}`,
      },
      { requests: { remaining: 1, resetsInMs: 9_000 } },
    ],
  ])('%s', (_who, headers, told) => {
    expect(readLimits(headers, nowMs)).toEqual(told)
  })

  test.each([
    {},
    { 'content-type': 'application/json', date: 'now' },
    { 'x-ratelimit-remaining-requests': 'many' },
    { 'x-ratelimit-reset-requests': 'soon' },
    { 'x-ratelimit-policy': '10' },
    { 'x-groq-region': 'fra' },
  ])('nobody: %j', (headers) => {
    expect(readLimits(headers, nowMs)).toBeUndefined()
  })

  test('repeated: the first counts', () => {
    expect(readLimits({ 'x-ratelimit-remaining': ['5', '7'] }, nowMs)).toEqual({
      requests: { remaining: 5 },
    })
  })
})

describe('a duration', () => {
  test.each([
    ['6m0s', 360_000],
    ['1.2s', 1_200],
    ['20ms', 20],
    ['1h2m3s4ms', 3_723_004],
    ['7m12.48s', 432_480],
    ['1d', 86_400_000],
    ['22 seconds', 22_000],
    ['1 minute', 60_000],
    ['0', 0],
    ['3.5', 3_500],
    ['99999999999', 31 * 86_400_000],
    ['', undefined],
    ['s', undefined],
    ['1x', undefined],
    ['-3', undefined],
    ['1s later', undefined],
    ['1e9s', undefined],
    ['NaN', undefined],
  ])('%j', (text, ms) => {
    expect(durationOf(text)).toBe(ms)
  })
})

describe('a moment', () => {
  test.each([
    ['2026-01-01T00:00:05Z', 5_000],
    ['2026-01-01T01:00:05.5+01:00', 5_500],
    ['2025-12-31T00:00:00Z', 0],
    [`${nowMs + 7_000}`, 7_000],
    [`${nowMs / 1_000 + 7}`, 7_000],
    ['7', undefined],
    ['yesterday', undefined],
    ['2026-99-99T99:99Z', undefined],
  ])('%j', (text, ms) => {
    expect(momentOf(text, nowMs)).toBe(ms)
  })
})

describe("a 429's body", () => {
  const google = (quotaId: string, quotaValue: string, retryDelay: string) => [
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [
              {
                quotaMetric:
                  'generativelanguage.googleapis.com/generate_content_free_tier_requests',
                quotaId,
                quotaDimensions: { model: 'gemini-2.0-flash', location: 'global' },
                quotaValue,
              },
            ],
          },
          { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay },
        ],
      },
    },
  ]
  const words = (message: string) => ({ error: { message, type: 'x', code: 'y' } })

  test.each([
    [
      'Gemini, by the day',
      google('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '50', '34s'),
      { requests: { per: 'day', limit: 50, remaining: 0 } },
      34_000,
    ],
    [
      'Gemini, tokens by the minute',
      google('GenerateContentInputTokensPerModelPerMinute-FreeTier', '250000', '12.5s'),
      { tokens: { per: 'minute', limit: 250_000, remaining: 0 } },
      12_500,
    ],
    [
      'OpenAI',
      words(
        'Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit https://platform.openai.com to learn more.',
      ),
      { requests: { per: 'minute', limit: 3, remaining: 0, resetsInMs: 20_000 } },
      20_000,
    ],
    [
      'Groq',
      words(
        'Rate limit reached for model `llama` in organization `org_1` service tier `on_demand` on tokens per day (TPD): Limit 100000, Used 99900, Requested 1500. Please try again in 20m9.6s.',
      ),
      { tokens: { per: 'day', limit: 100_000, remaining: 100, resetsInMs: 1_209_600 } },
      1_209_600,
    ],
    [
      'Azure',
      words(
        'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 22 seconds.',
      ),
      { tokens: { per: 'minute', remaining: 0, resetsInMs: 22_000 } },
      22_000,
    ],
    [
      'Cohere',
      { message: 'You are using a Trial key, which is limited to 1000 API calls / month.' },
      { requests: { per: 'month', limit: 1_000, remaining: 0 } },
      undefined,
    ],
    [
      'GitHub',
      words(
        'Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 38000 seconds before retrying.',
      ),
      { requests: { per: 'day', limit: 50, remaining: 0, resetsInMs: 38_000_000 } },
      38_000_000,
    ],
    ['Ollama', { error: 'too many requests' }, undefined, undefined],
  ])('of %s', (_who, body, told, waitMs) => {
    const error = mapUpstreamError({
      status: 429,
      body: Buffer.from(JSON.stringify(body)),
      headers: {},
      model: 'm',
      nowMs,
    })
    if (told) expect(error.limits).toMatchObject(told)
    else expect(error.limits).toBeUndefined()
    expect(error.retryAfterSeconds).toBe(
      waitMs === undefined ? undefined : Math.ceil(waitMs / 1_000),
    )
  })

  test('of OpenRouter holds its headers', () => {
    const body = {
      error: {
        message:
          'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day',
        code: 429,
        metadata: {
          headers: {
            'X-RateLimit-Limit': '50',
            'X-RateLimit-Remaining': '0',
            'X-RateLimit-Reset': `${later(3_600).getTime()}`,
          },
        },
      },
    }
    const error = mapUpstreamError({
      status: 429,
      body: Buffer.from(JSON.stringify(body)),
      headers: {},
      model: 'm',
      nowMs,
    })
    expect(error.limits).toEqual({
      requests: { per: 'day', limit: 50, remaining: 0, resetsInMs: 3_600_000 },
    })
    expect(error.retryAfterSeconds).toBe(3_600)
  })
})

describe('when a 429 ends', () => {
  const ends = (headers: Record<string, string>, message = '') =>
    mapUpstreamError({
      status: 429,
      body: Buffer.from(JSON.stringify({ error: { message } })),
      headers,
      model: 'm',
      nowMs,
    }).retryAfterSeconds

  const reset = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '90s' }

  test('is said by Retry-After, else in words, else by the reset of what is used up', () => {
    expect(ends({ ...reset, 'retry-after': '7' }, 'Please try again in 20s.')).toBe(7)
    expect(ends(reset, 'Please try again in 20s.')).toBe(20)
    expect(ends(reset)).toBe(90)
    expect(ends({ ...reset, 'x-ratelimit-remaining-requests': '3' })).toBeUndefined()
  })

  test('is the longest of what is used up', () => {
    expect(
      usedUpMs({
        requests: { remaining: 0, resetsInMs: 5 },
        tokens: { remaining: 0, resetsInMs: 9 },
      }),
    ).toBe(9)
  })
})

test('of several things told of a unit the tightest counts', () => {
  expect(
    mergeLimits([
      { requests: { remaining: 4, per: 'minute' } },
      undefined,
      { requests: { remaining: 2, per: 'day' }, tokens: { limit: 1 } },
    ]),
  ).toEqual({ requests: { remaining: 2, per: 'day' }, tokens: { limit: 1 } })
})

describe('whatever an upstream sends', () => {
  const sound = (value: number | undefined) =>
    value === undefined || (Number.isFinite(value) && value >= 0)
  const name = fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.constantFrom('x-ratelimit', 'ratelimit', 'x-ratelimitbysize', 'anthropic-ratelimit'),
        fc.constantFrom('-limit', '-remaining', '-reset', '-requests', '-tokens', ''),
        fc.constantFrom('-limit', '-remaining', '-reset', '-requests', '-tokens', '-day', ''),
        fc.constantFrom('-minute', '-day', '-month', '-__proto__', ''),
      )
      .map((pieces) => pieces.join('')),
  )
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.bigInt().map(String),
    fc.date().map(String),
    fc.stringMatching(/^\d{0,20}(ms|s|m|h|d)\d{0,20}(ms|s)$/),
    fc.constantFrom('9'.repeat(400), '1'.repeat(100_000), '1ms'.repeat(50_000)),
  )

  test('headers give sound numbers or none', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        for (const told of Object.values(readLimits(headers, nowMs) ?? {})) {
          expect([told.limit, told.remaining, told.resetsInMs].every(sound)).toBe(true)
        }
      }),
    )
  })

  test('a body gives sound numbers or none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (body, message) => {
        const { limits, waitMs } = readRefusalLimits({ error: body }, message, nowMs)
        const told = Object.values(limits ?? {}).flatMap((one) => [one.remaining, one.resetsInMs])
        expect([waitMs, ...told].every(sound)).toBe(true)
      }),
    )
  })
})
