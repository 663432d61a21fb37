import { describe, expect, test } from 'vitest'

import { readModule } from '../../../modules/read-module.ts'
import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { decide } from '../../../gateway/routing/decide.ts'
import type { Deployment } from '../../../gateway/routing/deployment.ts'
import { digest } from '../../../gateway/routing/dice.ts'
import {
  createInput,
  describeRequest,
  type Asked,
  type Moment,
} from '../../../gateway/routing/facts.ts'
import type { Gate, GateFacts } from '../../../gateway/limits/gate.ts'

interface Entry {
  readonly params?: Record<string, unknown>
  readonly info?: Record<string, unknown>
}

function groupOf(entries: readonly Entry[], router_settings: Record<string, unknown> = {}) {
  const model_list = entries.map(({ params, info }, at) => ({
    model_name: 'm',
    litellm_params: { model: `openai/${at}`, api_base: 'http://127.0.0.1:1/v1', ...params },
    model_info: { id: `d${at}`, ...info },
  }))
  const text = JSON.stringify({ model_list, router_settings })
  const { module } = readModule(text, { file: 'm.yaml', name: 'm' })
  if (!module) throw new Error('no module')
  const { deployments } = createDeployments(module, { findVariable: () => undefined })
  const group = { name: 'm', deployments, captures: [] }
  return {
    deployments,
    describe: (asked: Partial<Asked> = {}) =>
      describeRequest(group, module.router, { ...plain, ...asked }),
    input: (moment: Partial<Moment> = {}, asked: Partial<Asked> = {}) =>
      createInput(
        group,
        module.router,
        describeRequest(group, module.router, { ...plain, ...asked }),
        {
          now: 1_000,
          seed: 7,
          isStream: false,
          ...moment,
        },
      ),
  }
}

const plain: Asked = {
  endpoint: 'chat-completions',
  model: 'm',
  tenant: 't',
  fields: {},
  tags: [],
}

const picture = { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }
const hello = { messages: [{ role: 'user', content: 'Hello you' }] }
const nothing = { promptTokens: 0, needs: [], tags: [], affinity: undefined }

test('a deployment that nothing is said of is well and idle', () => {
  expect(groupOf([{}]).input()).toEqual({
    strategy: 'peak-ewma',
    rules: {
      isTagFiltering: false,
      isTagMatchAny: true,
      arePreCallChecksOn: false,
      areRatesEnforced: false,
      latencyBuffer: 0,
    },
    request: { endpoint: 'chat-completions', ...nothing },
    seed: 7,
    candidates: [
      {
        traits: { id: 'd0', place: digest('d0'), lacks: [], tags: [] },
        speaks: true,
        isTried: false,
        isSpent: false,
        coolingMs: 0,
        isProbed: false,
        limitedMs: 0,
        quotaMs: 0,
        inFlight: 0,
        latencyMs: 30,
        meanLatency: 0,
        minuteRequests: 0,
        minuteTokens: 0,
      },
    ],
  })
})

test('what stands in the file becomes traits', () => {
  const params = { order: 2, weight: 3, rpm: 4, tpm: 5, tags: ['eu'], input_cost_per_token: 1e-6 }
  const info = { max_input_tokens: 8_192, supports_vision: false, supports_function_calling: true }
  expect(groupOf([{ params, info }]).input().candidates[0]?.traits).toEqual({
    id: 'd0',
    place: digest('d0'),
    order: 2,
    weight: 3,
    rpm: 4,
    tpm: 5,
    tags: ['eu'],
    lacks: ['vision'],
    maxInputTokens: 8_192,
    // The price of an output token is not known, so LiteLLM's guess of 5 USD.
    cost: 5 + 1e-6,
  })
})

test('the strategy and its settings come from the router', () => {
  const { strategy, rules } = groupOf([{}], {
    routing_strategy: 'latency-based-routing',
    routing_strategy_args: { lowest_latency_buffer: 0.2 },
    enable_tag_filtering: true,
    tag_filtering_match_any: false,
    enable_pre_call_checks: true,
    optional_pre_call_checks: ['enforce_model_rate_limits'],
  }).input()
  expect(strategy).toBe('latency-based-routing')
  expect(rules).toEqual({
    isTagFiltering: true,
    isTagMatchAny: false,
    arePreCallChecksOn: true,
    areRatesEnforced: true,
    latencyBuffer: 0.2,
  })
})

describe('of a request only that is looked for which somebody may be passed over for:', () => {
  test('nothing where nobody is', () => {
    const { describe: request } = groupOf([{ params: { tags: ['eu'] } }, {}])
    const asked = { fields: picture, tags: ['eu'] }
    expect(request(asked)).toEqual({ endpoint: 'chat-completions', ...nothing })
  })

  test.each([
    [{}, [{ info: { supports_vision: false } }], { needs: ['vision'] }],
    [{}, [{ info: { supports_pdf_input: false } }], { needs: [] }],
    [{ enable_tag_filtering: true }, [{}], { tags: ['eu'] }],
    [{ enable_pre_call_checks: true }, [{ info: { max_input_tokens: 9 } }], { promptTokens: 254 }],
    [{ enable_pre_call_checks: true }, [{}], {}],
    [
      { routing_strategy: 'usage-based-routing-v2' },
      [{ params: { tpm: 9 } }],
      { promptTokens: 254 },
    ],
    [{ routing_strategy: 'simple-shuffle' }, [{ params: { tpm: 9 } }], {}],
    [{ routing_strategy: 'prefix-affinity' }, [{}], {}],
  ])('%j %j: %j', (router, entries, found) => {
    const fields = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }
    const asked = { fields, tags: ['eu'] }
    expect(groupOf(entries, router).describe(asked)).toEqual({
      endpoint: 'chat-completions',
      ...nothing,
      ...found,
    })
  })

  test('a beginning where prefixes are shared out', () => {
    const { describe: request } = groupOf([{}, {}], { routing_strategy: 'prefix-affinity' })
    const { affinity } = request({ fields: hello })
    expect(affinity).toBeTypeOf('number')
    expect(request({ fields: hello }).affinity).toBe(affinity)
    expect(request({ fields: hello, tenant: 'other' }).affinity).not.toBe(affinity)
  })
})

describe('what changes', () => {
  const gateWith = (facts: Partial<GateFacts>): Gate => ({
    facts: () => ({
      quotaMs: 0,
      freeSlots: undefined,
      queued: undefined,
      minuteRequests: 0,
      minuteTokens: 0,
      ...facts,
    }),
    admit: () => ({ admitted: Promise.resolve(undefined), leave: () => undefined }),
    learn: () => undefined,
    report: () => ({ quotas: [] }),
  })

  test('comes from health', () => {
    const { deployments, input } = groupOf([{}, {}])
    const [first, second] = deployments
    first?.health.begin(0)
    first?.health.recordFirstByte(400, 1_000)
    second?.health.recordFailure('upstream_failed', 500, 0, {
      allowedFails: 0,
      cooldownMs: 2_000.5,
    })
    expect(input().candidates).toMatchObject([
      { inFlight: 1, latencyMs: 400, coolingMs: 0 },
      { inFlight: 0, coolingMs: 1_501 },
    ])
  })

  test('comes from health: a 429 that says until when', () => {
    const { deployments, input } = groupOf([{}])
    deployments[0]?.health.recordFailure('upstream_rate_limited', 900, 0, { retryAfterMs: 5_000 })
    expect(input().candidates).toMatchObject([{ limitedMs: 4_900 }])
  })

  test('latency of streams and of whole answers apart, where the strategy asks for it', () => {
    const { deployments, input } = groupOf([{}], { routing_strategy: 'latency-based-routing' })
    deployments[0]?.health.recordSpeed(true, 0.5, 900)
    expect(input({ isStream: true }).candidates).toMatchObject([{ meanLatency: 0.5 }])
    expect(input({ isStream: false }).candidates).toMatchObject([{ meanLatency: 0 }])
  })

  test('comes from the gate', () => {
    const facts = { quotaMs: 9.5, freeSlots: 2, queued: 1, minuteRequests: 3, minuteTokens: 4 }
    const { deployments } = groupOf([{}])
    const gated = deployments.map((one) => ({ ...one, gate: gateWith(facts) }))
    const { router } = moduleRouter()
    const group = { name: 'm', deployments: gated, captures: [] }
    const request = describeRequest(group, router, plain)
    const input = createInput(group, router, request, { now: 0, seed: 0, isStream: false })
    expect(input.candidates).toMatchObject([{ ...facts, quotaMs: 10 }])
  })

  test('and from what the exchange has tried', () => {
    const { deployments, input } = groupOf([{}, {}, {}])
    const [first, second] = deployments
    if (!first || !second) throw new Error('no deployments')
    const moment = { tried: new Set([first, second]), spent: new Set<Deployment>([second]) }
    expect(input(moment).candidates.map(({ isTried, isSpent }) => [isTried, isSpent])).toEqual([
      [true, false],
      [true, true],
      [false, false],
    ])
  })
})

test('a dialect without the endpoint does not speak it', () => {
  const { input } = groupOf([{}, { params: { model: 'a1111/x' } }])
  expect(input().candidates.map(({ speaks }) => speaks)).toEqual([true, false])
  expect(decide(input()).passedOver).toMatchObject([{ index: 1, reason: 'endpoint not spoken' }])
})

function moduleRouter() {
  const { module } = readModule('model_list: []', { file: 'm.yaml', name: 'm' })
  if (!module) throw new Error('no module')
  return module
}
