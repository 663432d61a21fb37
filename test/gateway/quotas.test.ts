import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  answerJson,
  createFakeUpstream,
  stall,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let free: FakeUpstream
let paid: FakeUpstream
const gateways: TestGateway[] = []

beforeEach(async () => {
  free = await createFakeUpstream()
  paid = await createFakeUpstream()
})
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()))
  await Promise.all([free.close(), paid.close()])
})

/** A free tier before a paid deployment, under one name. */
function tiers(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    model_list: [
      { ...deployment('m', free.url, { order: 1, ...params }), model_info: { id: 'free' } },
      { ...deployment('m', paid.url, { order: 2 }), model_info: { id: 'paid' } },
    ],
  }
}

async function start(config: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await startGateway({ config })
  gateways.push(gateway)
  return gateway
}

const chat = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }

const ask = ({ client }: TestGateway, more = {}) =>
  client.chat.completions.create({ ...chat, ...more })

async function askEither(gateway: TestGateway, call: number): Promise<void> {
  if (call % 2 === 0) return void (await ask(gateway))
  const stream = await gateway.client.chat.completions.create({ ...chat, stream: true })
  for await (const _ of stream);
}

const streamOrChat: Behaviour = (request, response) =>
  (request.body.includes('"stream":true') ? streamChat() : answerChat())(request, response)

const chatAnswer = {
  id: 'chatcmpl-up',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
}

const statusOf = (error: unknown): unknown =>
  error instanceof OpenAI.APIError ? error.status : error

const remaining = (gateway: TestGateway, id: string) =>
  gateway.metric('colonnade_quota_remaining', { model_deployment: id })

const used = () => [free.requests.length, paid.requests.length]

describe('a free tier before a paid one', () => {
  test('the paid deployment is asked once the free quota is used up, and not before', async () => {
    const gateway = await start(tiers({ quota: { unit: 'requests', amount: 3, per: 'day' } }))
    for (let call = 0; call < 5; call += 1) await ask(gateway)
    expect(used()).toEqual([3, 2])
  })

  test('so it is for many at once, streamed or not', async () => {
    const gateway = await start(tiers({ quota: { unit: 'requests', amount: 20, per: 'day' } }))
    free.script(streamOrChat)
    paid.script(streamOrChat)
    await Promise.all(Array.from({ length: 30 }, (_, call) => askEither(gateway, call)))
    expect(used()).toEqual([20, 10])
  })

  test('a free server that fails has counted the call, one that cannot be reached has not', async () => {
    const gateway = await start({
      ...tiers({ quota: { unit: 'requests', amount: 4, per: 'day' }, num_retries: 0 }),
      router_settings: { num_retries: 0, disable_cooldowns: true },
    })
    free.script(answerError(500))
    await ask(gateway)
    expect(await remaining(gateway, 'free')).toBe(3)
    await free.close()
    await ask(gateway)
    expect(await remaining(gateway, 'free')).toBe(3)
  })

  test('tokens are held while a call runs, and put right by what the upstream reports', async () => {
    const gateway = await start(tiers({ quota: { unit: 'tokens', amount: 1_000, per: 'day' } }))
    free.script(
      answerChat('hi', { usage: { prompt_tokens: 5, completion_tokens: 95, total_tokens: 100 } }),
    )
    // What may take more than there is goes to the other.
    await ask(gateway, { max_tokens: 2_000 })
    for (let call = 0; call < 12; call += 1) await ask(gateway, { max_tokens: 200 })
    expect(used()).toEqual([8, 5])
    expect(await remaining(gateway, 'free')).toBe(200)
  })

  test('tokens of a stream count as its last chunk tells them', async () => {
    const gateway = await start(tiers({ quota: { unit: 'tokens', amount: 9_000, per: 'day' } }))
    free.script(streamChat({ texts: ['a', 'b', 'c'] }))
    const stream = await gateway.client.chat.completions.create({ ...chat, stream: true })
    for await (const _ of stream);
    expect(await remaining(gateway, 'free')).toBe(8_992)
  })

  test('a call whose caller left was sent, and counts', async () => {
    const gateway = await start(tiers({ quota: { unit: 'requests', amount: 5, per: 'day' } }))
    free.script(stall())
    const leaving = new AbortController()
    const call = gateway.client.chat.completions.create(chat, { signal: leaving.signal })
    await free.arrived(1)
    leaving.abort()
    await expect(call).rejects.toThrow()
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
    expect(await remaining(gateway, 'free')).toBe(4)
  })
})

describe('what an upstream says of its quota', () => {
  const daily = { quota: { unit: 'requests', amount: 100, per: 'day' } }

  test('a 429 for the day ends the day, and the next deployment answers this very call', async () => {
    const gateway = await start(tiers(daily))
    free.script(
      answerError(429, {
        error: {
          code: 429,
          status: 'RESOURCE_EXHAUSTED',
          message: 'You exceeded your current quota.',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
              violations: [
                { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '100' },
              ],
            },
          ],
        },
      }),
    )
    for (let call = 0; call < 4; call += 1) await ask(gateway)
    expect(used()).toEqual([1, 4])
    expect(await remaining(gateway, 'free')).toBe(0)
  })

  test('headers of good answers lower what is left', async () => {
    const gateway = await start(tiers(daily))
    free.script(
      answerJson(chatAnswer, 200, {
        'x-ratelimit-limit-requests': '100',
        'x-ratelimit-remaining-requests': '2',
      }),
    )
    await ask(gateway)
    expect(await remaining(gateway, 'free')).toBe(2)
    free.script(answerChat())
    for (let call = 0; call < 4; call += 1) await ask(gateway)
    expect(used()).toEqual([3, 2])
  })
})

describe('where nothing is left', () => {
  test('the caller is told until when, and the upstream is not asked', async () => {
    const gateway = await start({
      model_list: [
        deployment('m', free.url, { quota: { unit: 'requests', amount: 1, per: 'hour' } }),
      ],
    })
    await ask(gateway)
    const refusal: unknown = await ask(gateway).catch((error: unknown) => error)
    if (!(refusal instanceof OpenAI.RateLimitError)) throw new Error('it should be refused')
    expect(refusal.message).toContain('quota')
    const seconds = Number(refusal.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(3_500)
    expect(seconds).toBeLessThan(3_700)
    expect(free.requests.length).toBe(1)
  })

  test('a request that may need more than is left is told so, and what to change', async () => {
    const gateway = await start({
      model_list: [
        deployment('m', free.url, { quota: { unit: 'tokens', amount: 1_000, per: 'hour' } }),
      ],
    })
    const refusal: unknown = await ask(gateway, { max_tokens: 4_000 }).catch(
      (error: unknown) => error,
    )
    if (!(refusal instanceof OpenAI.RateLimitError)) throw new Error('it should be refused')
    expect(refusal.message).toContain('1000 of 1000 tokens per hour left')
    expect(refusal.message).toContain('max_tokens')
    expect(free.requests.length).toBe(0)
    await ask(gateway, { max_tokens: 100 })
    expect(free.requests.length).toBe(1)
  })

  const enforced = { optional_pre_call_checks: ['enforce_model_rate_limits'] }

  test.each([
    [
      'rpm under usage-based routing',
      { rpm: 2 },
      { routing_strategy: 'usage-based-routing-v2' },
      2,
    ],
    [
      'rpm under latency-based routing',
      { rpm: 2 },
      { routing_strategy: 'latency-based-routing' },
      2,
    ],
    ['rpm where rates are enforced', { rpm: 2 }, enforced, 2],
    ['rpd where rates are enforced', { rpd: 3 }, enforced, 3],
    ['tpm, of which each call uses 8', { tpm: 20 }, enforced, 3],
    ['nothing where rpm is a weight', { rpm: 2 }, {}, 5],
  ])('%s is the limit', async (_, params, settings, passed) => {
    const gateway = await start({
      model_list: [deployment('m', free.url, params)],
      router_settings: { num_retries: 0, ...settings },
    })
    const statuses: unknown[] = []
    for (let call = 0; call < 5; call += 1) {
      statuses.push(await ask(gateway, { max_tokens: 5 }).then(() => 200, statusOf))
    }
    expect(statuses).toEqual([...Array(passed).fill(200), ...Array(5 - passed).fill(429)])
  })
})

describe('a new document', () => {
  test('changes amounts at once, and forgets nothing', async () => {
    const quota = (amount: number) => tiers({ quota: { unit: 'requests', amount, per: 'day' } })
    const gateway = await start(quota(2))
    for (let call = 0; call < 3; call += 1) await ask(gateway)
    expect(used()).toEqual([2, 1])
    gateway.writeConfig(quota(4))
    await until(async () => (await gateway.metric('colonnade_config_generation')) === 2)
    for (let call = 0; call < 3; call += 1) await ask(gateway)
    expect(used()).toEqual([4, 2])
  })

  test('does so for a deployment without an id of its own', async () => {
    const quota = (amount: number) => ({
      model_list: [deployment('m', free.url, { quota: { unit: 'requests', amount, per: 'day' } })],
    })
    const gateway = await start(quota(1))
    await ask(gateway)
    gateway.writeConfig(quota(2))
    await until(async () => (await gateway.metric('colonnade_config_generation')) === 2)
    await ask(gateway)
    expect(await ask(gateway).then(() => 200, statusOf)).toBe(429)
  })
})

describe('what is shown', () => {
  const limits = {
    rpm: 60,
    max_parallel_requests: 3,
    quota: [
      { unit: 'requests', amount: 100, per: 'day' },
      { unit: 'tokens', amount: 10_000, per: 'day' },
    ],
  }

  test('metrics have the limit, what is left and the reset of each quota', async () => {
    const gateway = await start(tiers(limits))
    await ask(gateway)
    const day = { model_deployment: 'free', unit: 'tokens', period: 'day' }
    const here = { model_deployment: 'free' }
    expect({
      limit: await gateway.metric('colonnade_quota_limit', day),
      left: await gateway.metric('colonnade_quota_remaining', day),
      requests: await gateway.metric('litellm_remaining_requests_metric', { model_id: 'free' }),
      tokens: await gateway.metric('litellm_remaining_tokens_metric', { model_id: 'free' }),
      rpm: await gateway.metric('litellm_deployment_rpm_limit', { model_id: 'free' }),
      slots: await gateway.metric('colonnade_slots_total', here),
      free: await gateway.metric('colonnade_slots_free', here),
      queued: await gateway.metric('colonnade_slots_queued', here),
    }).toEqual({
      limit: 10_000,
      left: 9_992,
      requests: 99,
      tokens: 9_992,
      rpm: 60,
      slots: 3,
      free: 3,
      queued: 0,
    })
    const resets = await gateway.metric('colonnade_quota_resets_seconds', day)
    expect(resets).toBeGreaterThan(0)
    expect(resets).toBeLessThanOrEqual(86_400)
  })

  test('a deployment without limits has none of these series', async () => {
    const gateway = await start(tiers(limits))
    const text = await (await gateway.get('/metrics')).text()
    const ofPaid = text
      .split('\n')
      .filter((line) =>
        /^(colonnade_(quota|slots)|litellm_remaining|litellm_deployment_rpm)/.test(line),
      )
      .filter((line) => line.includes('"paid"'))
    expect(ofPaid).toEqual([])
  })
})
