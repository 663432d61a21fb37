import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { faultLine, readModule } from '../../modules/read-module.ts'

const modelNames = ['a', 'b', 'c', 'openai/*']

function read(router: object, litellm: object = {}, names: readonly string[] = modelNames) {
  const text = stringify({
    model_list: names.map((name) => ({
      model_name: name,
      litellm_params: { model: name.includes('/') ? name : `openai/${name}-up` },
    })),
    router_settings: router,
    litellm_settings: litellm,
  })
  const { module, faults } = readModule(text, { file: 'f', name: 'm' })
  return {
    router: module?.router,
    litellm: module?.litellm,
    faults: faults.map((fault) => faultLine(fault).replace(/^\S+ (router_settings\.)?/, '')),
  }
}

test('every setting is read', () => {
  const { router, faults } = read({
    routing_strategy: 'prefix-affinity',
    routing_strategy_args: { ttl: 60, lowest_latency_buffer: 0.5, max_latency_list_size: 5 },
    num_retries: 4,
    retry_after: 1.5,
    retry_policy: { RateLimitErrorRetries: 3, DefaultRetries: 1 },
    model_group_retry_policy: { a: { TimeoutErrorRetries: 0 } },
    timeout: 30,
    stream_timeout: 3,
    connect_timeout: 2,
    chunk_timeout: 20,
    total_timeout: 900,
    allowed_fails: 2,
    allowed_fails_policy: { InternalServerErrorAllowedFails: 20 },
    cooldown_time: 10,
    disable_cooldowns: true,
    max_fallbacks: 3,
    enable_tag_filtering: true,
    tag_filtering_match_any: false,
    enable_pre_call_checks: true,
    optional_pre_call_checks: ['enforce_model_rate_limits'],
    default_max_parallel_requests: 8,
    queue: { max_wait: 5, max_length: 9 },
  })
  expect(faults).toEqual([])
  expect(router).toEqual({
    strategy: 'prefix-affinity',
    latencyBuffer: 0.5,
    latencySamples: 5,
    latencyTtlMs: 60_000,
    numRetries: 4,
    retryAfterMs: 1500,
    retryPolicy: { RateLimitError: 3, Default: 1 },
    groupRetryPolicies: { a: { TimeoutError: 0 } },
    timeoutMs: 30_000,
    streamTimeoutMs: 3000,
    connectTimeoutMs: 2000,
    chunkTimeoutMs: 20_000,
    totalTimeoutMs: 900_000,
    allowedFails: 2,
    allowedFailsPolicy: { InternalServerError: 20 },
    cooldownMs: 10_000,
    areCooldownsDisabled: true,
    fallbacks: {},
    contextWindowFallbacks: {},
    contentPolicyFallbacks: {},
    maxFallbacks: 3,
    isTagFiltering: true,
    isTagMatchAny: false,
    arePreCallChecksOn: true,
    areRatesEnforced: true,
    defaultMaxParallelRequests: 8,
    queue: { maxWaitMs: 5000, maxLength: 9 },
    aliases: {},
  })
})

describe('fallbacks', () => {
  test('are a list of mappings, as LiteLLM has them, or one mapping', () => {
    const chains = { a: ['b', 'c'], b: ['c'] }
    expect(read({ fallbacks: [{ a: ['b', 'c'] }, { b: ['c'] }] })).toMatchObject({
      router: { fallbacks: chains },
      faults: [],
    })
    expect(read({ fallbacks: { a: ['b', 'c'], b: 'c' } })).toMatchObject({
      router: { fallbacks: chains },
      faults: [],
    })
  })

  test('of every kind are read from both blocks, router_settings first', () => {
    const { router } = read(
      { fallbacks: [{ a: ['b'] }], content_policy_fallbacks: [] },
      {
        fallbacks: [{ b: ['c'] }],
        context_window_fallbacks: [{ a: ['c'] }],
        content_policy_fallbacks: [{ b: ['a'] }],
        default_fallbacks: ['c'],
      },
    )
    expect(router).toMatchObject({
      fallbacks: { a: ['b'], '*': ['c'] },
      contextWindowFallbacks: { a: ['c'] },
      contentPolicyFallbacks: { b: ['a'] },
    })
    expect(router?.fallbacks).not.toHaveProperty('b')
  })

  test('for any model go before the default ones', () => {
    const { router } = read({ fallbacks: [{ '*': ['b'] }], default_fallbacks: ['c'] })
    expect(router?.fallbacks).toEqual({ '*': ['b'] })
  })

  test('in a circle are no fault', () => {
    expect(read({ fallbacks: [{ a: ['b'] }, { b: ['a'] }] }).faults).toEqual([])
  })

  test('written twice for a model: the first count, and it is said', () => {
    const { router, faults } = read({ fallbacks: [{ a: ['b'] }, { a: ['c'] }] })
    expect(router?.fallbacks).toEqual({ a: ['b'] })
    expect(faults).toEqual([
      'fallbacks[1].a: warning: it has fallbacks above already: these are not used',
    ])
  })

  test("find nothing under a word of JavaScript's", () => {
    const { router } = read({ fallbacks: [{ a: ['b'] }], model_group_alias: { x: 'a' } })
    expect(router?.fallbacks['constructor']).toBeUndefined()
    expect(router?.aliases['__proto__']).toBeUndefined()
  })

  test.each([['b'], [3], [['b']], [[{ a: { b: 'c' } }]]])('%j are an error', (written) => {
    const { router, faults } = read({ fallbacks: written })
    expect(router).toBeUndefined()
    expect(faults.join()).toMatch(/expected a (list|model)/)
  })
})

describe('names that no model has', () => {
  test.each([
    [{ fallbacks: [{ a: ['bb'] }] }, 'fallbacks[0].a[0]', '"bb", did you mean b?'],
    [{ fallbacks: [{ zebra: ['b'] }] }, 'fallbacks[0].zebra', '"zebra"'],
    [{ default_fallbacks: ['zebra'] }, 'default_fallbacks[0]', '"zebra"'],
    [{ context_window_fallbacks: { a: 'zebra' } }, 'context_window_fallbacks.a', '"zebra"'],
    [{ model_group_alias: { x: 'zebra' } }, 'model_group_alias.x', '"zebra"'],
    [{ model_group_alias: { x: { model: 'zebra' } } }, 'model_group_alias.x.model', '"zebra"'],
    [{ model_group_retry_policy: { zebra: {} } }, 'model_group_retry_policy.zebra', '"zebra"'],
  ])('in %j are a warning', (router, path, name) => {
    const { router: read_, faults } = read(router, {}, ['a', 'b', 'c'])
    expect(read_).toBeDefined()
    expect(faults).toEqual([`${path}: warning: no model of this file has the name ${name}`])
  })

  test.each([
    { fallbacks: [{ '*': ['openai/anything'] }] },
    { fallbacks: [{ 'gpt-4o': ['gpt-4o-mini'] }] },
    { fallbacks: [{ 'openai/a': ['openai/b-up'] }] },
    { fallbacks: [{ x: ['y'] }], model_group_alias: { x: 'a', y: ['b', 'x'] } },
    { fallbacks: [{ a: ['${OTHER}'] }] },
  ])('are none in %j', (router) => {
    expect(read(router).faults).toEqual([])
  })
})

describe('checks before a call', () => {
  test('that are not made say what is lost', () => {
    const { router, faults } = read({
      optional_pre_call_checks: ['prompt_caching', 'enforce_model_rate_limit'],
    })
    expect(router?.areRatesEnforced).toBe(false)
    expect(faults).toEqual([
      expect.stringMatching(
        /optional_pre_call_checks\[0\]: warning: not acted on: .*prefix-affinity/,
      ),
      'optional_pre_call_checks[1]: warning: unknown check, ignored, did you mean enforce_model_rate_limits?',
    ])
  })
})

test.each([
  [{ retry_policy: { RateLimitErrorRetry: 3 } }, /warning: .*did you mean RateLimitErrorRetries/],
  [
    { allowed_fails_policy: { TimeoutErrorAllowedFail: 3 } },
    /warning: .*did you mean TimeoutErrorAllowedFails/,
  ],
  [{ routing_strategy_args: { tll: 3 } }, /warning: .*did you mean ttl/],
])('%j: a mistyped key is named with the nearest', (router, fault) => {
  expect(read(router).faults.join('\n')).toMatch(fault)
})
