import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerJson,
  createFakeUpstream,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'
import { eventsOf } from '../gateway/providers/event-stream.ts'

let upstream: FakeUpstream
let spare: FakeUpstream
let gateway: TestGateway

const messages = [{ role: 'user' as const, content: 'Weather in Paris?' }]
const tools = [
  {
    type: 'function' as const,
    function: { name: 'get_weather', parameters: { type: 'object', properties: {} } },
  },
]
const usage = { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 1 }
const message = (content: readonly unknown[], stop_reason: string | null) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content,
  stop_reason,
  stop_sequence: null,
  usage,
})
const call = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }
const start = { type: 'message_start', message: message([], null) }
const block = (index: number, content_block: unknown) => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (index: number, piece: unknown) => ({
  type: 'content_block_delta',
  index,
  delta: piece,
})
const stop = (index: number) => ({ type: 'content_block_stop', index })
const text = (words: string) => ({ type: 'text_delta', text: words })
const json = (partial_json: string) => ({ type: 'input_json_delta', partial_json })
const end = (stop_reason: string) => [
  {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: 40 },
  },
  { type: 'message_stop' },
]
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
const streamOf = (events: readonly unknown[]) =>
  streamBytes(events.map((event) => eventsOf([event], true)))

beforeAll(async () => {
  upstream = await createFakeUpstream()
  spare = await createFakeUpstream(answerChat('From the spare one.'))
  const claude = { model: 'anthropic/claude-sonnet-4-5', api_key: 'key-1' }
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('claude', upstream.url, claude),
        deployment('mended', upstream.url, { ...claude, modify_params: true }),
        deployment('beta', upstream.url, {
          ...claude,
          api_key: 'sk-ant-oat01-x',
          extra_headers: { 'Anthropic-Version': '2099-01-01', 'anthropic-beta': 'x' },
        }),
        {
          ...deployment('most', upstream.url, claude),
          model_info: { max_output_tokens: 64_000 },
        },
        {
          ...deployment('counted', upstream.url, {
            ...claude,
            quota: { unit: 'tokens', amount: 1_000_000, per: 'day' },
          }),
          model_info: { max_output_tokens: 64_000 },
        },
        deployment('either', upstream.url, { ...claude, order: 1 }),
        deployment('either', spare.url, { order: 2 }),
      ],
      router_settings: { num_retries: 0, allowed_fails: 1000 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await spare.close()
})

const sent = () => {
  const { path, headers, body } = upstream.requests.at(-1) ?? {}
  return { path, headers, body: JSON.parse(String(body)) }
}

describe('the OpenAI client and a model of Anthropic', () => {
  test('a tool call, over v1 in the address or not', async () => {
    upstream.script(answerJson(message([{ type: 'text', text: 'Let me look.' }, call], 'tool_use')))
    const answer = await gateway.client.chat.completions.create({
      model: 'claude',
      messages,
      tools,
    })
    expect(answer).toMatchObject({
      model: 'claude',
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Let me look.',
            tool_calls: [{ id: 'toolu_1', function: { name: 'get_weather', arguments: '{}' } }],
          },
        },
      ],
      usage: { prompt_tokens: 100, prompt_tokens_details: { cached_tokens: 90 } },
    })
    expect(sent()).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'key-1', 'anthropic-version': '2023-06-01' },
      body: { model: 'claude-sonnet-4-5', max_tokens: 4096, tools: [{ name: 'get_weather' }] },
    })
    expect(sent().headers).not.toHaveProperty('authorization')
  })

  test.each([
    ['most', 64_000],
    ['counted', 4096],
  ])('nobody names a maximum: %s is told %i, no more than is held', async (model, most) => {
    upstream.script(answerJson(message([], 'end_turn')))
    await gateway.client.chat.completions.create({ model, messages })
    expect(sent().body.max_tokens).toBe(most)
  })

  test('headers of the deployment go before those of the dialect, a token goes as one', async () => {
    upstream.script(answerJson(message([], 'end_turn')))
    await gateway.client.chat.completions.create({ model: 'beta', messages })
    expect(sent().headers).toMatchObject({
      authorization: 'Bearer sk-ant-oat01-x',
      'anthropic-version': '2099-01-01',
      'anthropic-beta': 'x',
    })
  })

  test('a stream with a tool call is put together', async () => {
    const pieces = [delta(1, json('{"city":')), delta(1, json('"Paris"}'))]
    upstream.script(
      streamOf([
        start,
        { type: 'ping' },
        block(0, { type: 'text', text: '' }),
        delta(0, text('Let me ')),
        delta(0, text('look.')),
        stop(0),
        block(1, call),
        ...pieces,
        stop(1),
        ...end('tool_use'),
      ]),
    )
    const stream = gateway.client.chat.completions.stream({
      model: 'claude',
      messages,
      tools,
      stream_options: { include_usage: true },
    })
    const answer = await stream.finalChatCompletion()
    expect(answer).toMatchObject({
      model: 'claude',
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Let me look.',
            tool_calls: [{ id: 'toolu_1', function: { arguments: '{"city":"Paris"}' } }],
          },
        },
      ],
      usage: { prompt_tokens: 100, completion_tokens: 40, total_tokens: 140 },
    })
  })

  test('an error before the first word leads to the next deployment', async () => {
    upstream.script(streamOf([start, overloaded]))
    const stream = gateway.client.chat.completions.stream({ model: 'either', messages })
    spare.script(
      streamBytes([
        'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Spare."},"finish_reason":"stop"}]}\n\n',
        'data: [DONE]\n\n',
      ]),
    )
    expect(await stream.finalContent()).toBe('Spare.')
  })

  test.each([
    ['an error', [overloaded], /Overloaded/],
    ['a cut', [], /broke off/],
  ])('%s behind it raises', async (_, events, said) => {
    upstream.script(streamOf([start, block(0, { type: 'text', text: 'Half' }), ...events]))
    const stream = gateway.client.chat.completions.stream({ model: 'claude', messages })
    await expect(stream.finalContent()).rejects.toThrow(said)
  })

  test.each([
    [429, 'rate_limit_error', OpenAI.RateLimitError],
    [400, 'invalid_request_error', OpenAI.BadRequestError],
    [529, 'overloaded_error', OpenAI.InternalServerError],
    [401, 'authentication_error', OpenAI.InternalServerError],
  ])('a %i raises', async (status, type, raised) => {
    upstream.script(answerJson({ type: 'error', error: { type, message: 'No.' } }, status))
    const asked = gateway.client.chat.completions.create({ model: 'claude', messages })
    await expect(asked).rejects.toThrow(raised)
  })
})

describe('the Anthropic client and a model of Anthropic', () => {
  const client = () => new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 })
  const asked = { model: 'claude', max_tokens: 50, messages }

  test('its own words pass, but for the model', async () => {
    upstream.script(answerJson(message([{ type: 'text', text: 'Sunny.' }], 'end_turn')))
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const answer = await client().messages.create({ ...asked, thinking })
    expect(answer).toMatchObject({ model: 'claude', content: [{ text: 'Sunny.' }], usage })
    expect(sent()).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'key-1', 'anthropic-version': '2023-06-01' },
      body: { ...asked, model: 'claude-sonnet-4-5', thinking },
    })
  })

  test('a stream passes event by event', async () => {
    upstream.script(
      streamOf([
        start,
        { type: 'ping' },
        block(0, { type: 'thinking', thinking: '', signature: '' }),
        delta(0, { type: 'thinking_delta', thinking: 'Hm' }),
        delta(0, { type: 'signature_delta', signature: 'c2ln' }),
        stop(0),
        block(1, call),
        delta(1, json('{"city":"Paris"}')),
        stop(1),
        ...end('tool_use'),
      ]),
    )
    const answer = await client().messages.stream(asked).finalMessage()
    expect(answer).toMatchObject({
      model: 'claude',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
        { type: 'tool_use', input: { city: 'Paris' } },
      ],
      usage: { output_tokens: 40 },
    })
  })

  test('thoughts of another server are left out where requests may be mended', async () => {
    upstream.script(answerJson(message([], 'end_turn')))
    const thought = { type: 'thinking' as const, thinking: 'Hm', signature: '' }
    const said = { type: 'text' as const, text: 'Which day?' }
    const turns = [...messages, { role: 'assistant' as const, content: [thought, said] }]
    for (const [model, content] of [
      ['claude', [thought, said]],
      ['mended', [said]],
    ] as const) {
      await client().messages.create({ ...asked, model, messages: [...turns, ...messages] })
      expect(sent().body.messages[1]).toEqual({ role: 'assistant', content })
    }
  })

  test('of its metadata the user goes along, what is the gateway’s stays here', async () => {
    upstream.script(answerJson(message([], 'end_turn')))
    const metadata = { user_id: 'u-1', tags: ['free'] }
    for (const model of ['claude', 'mended']) {
      await client().messages.create({ ...asked, model, metadata })
      expect(sent().body.metadata).toEqual({ user_id: 'u-1' })
    }
    await gateway.client.chat.completions.create({
      model: 'claude',
      messages,
      metadata: { user_id: 'u-2', trace: 'x' },
    })
    expect(sent().body.metadata).toEqual({ user_id: 'u-2' })
    await gateway.client.chat.completions.create({
      model: 'claude',
      messages,
      metadata: { a: 'b' },
    })
    expect(sent().body).not.toHaveProperty('metadata')
  })

  test('what the caller asks for in anthropic-beta goes along', async () => {
    upstream.script(answerJson(message([], 'end_turn')))
    const headers = { 'anthropic-beta': 'context-1m-2025-08-07' }
    await client().messages.create({ ...asked }, { headers })
    expect(upstream.requests.at(-1)?.headers['anthropic-beta']).toContain('context-1m-2025-08-07')
  })

  test('an error within it raises', async () => {
    upstream.script(streamOf([start, block(0, { type: 'text', text: 'Half' }), overloaded]))
    await expect(client().messages.stream(asked).finalMessage()).rejects.toThrow(/Overloaded/)
  })
})
