import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  answerError,
  answerJson,
  createFakeUpstream,
  cutAfter,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string) => ({
    model_name,
    litellm_params: { model, api_base: `${upstream.url}/v1`, api_key: 'co-test-key' },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('command', 'cohere_chat/command-a-03-2025'),
        entry('vectors', 'cohere/embed-v4.0'),
        entry('ranks', 'cohere/rerank-v3.5'),
      ],
      router_settings: { num_retries: 0 },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Weather in Rome and Oslo?' }]
const usage = {
  billed_units: { input_tokens: 8, output_tokens: 5 },
  tokens: { input_tokens: 70, output_tokens: 7 },
}
const said = (message: object, finish_reason = 'COMPLETE') => ({
  id: 'co-1',
  finish_reason,
  message: { role: 'assistant', ...message },
  usage,
})
const text = (words: string) => ({ content: [{ type: 'text', text: words }] })
const framed = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
const start = { type: 'message-start', id: 'co-1', delta: { message: { role: 'assistant' } } }
const content = (words: string) => ({
  type: 'content-delta',
  index: 0,
  delta: { message: { content: { text: words } } },
})
const callStart = (index: number, name: string) => ({
  type: 'tool-call-start',
  index,
  delta: {
    message: {
      tool_calls: { id: `${name}_${index}`, type: 'function', function: { name, arguments: '' } },
    },
  },
})
const callDelta = (index: number, written: string) => ({
  type: 'tool-call-delta',
  index,
  delta: { message: { tool_calls: { function: { arguments: written } } } },
})
const end = (finish_reason: string) => ({ type: 'message-end', delta: { finish_reason, usage } })

const lastBody = (): unknown => JSON.parse(String(upstream.requests.at(-1)?.body))

test('an answer comes as a chat completion', async () => {
  upstream.script(answerJson(said(text('Sunny.'))))
  const answer = await gateway.client.chat.completions.create({ model: 'command', messages })
  expect(answer).toMatchObject({
    id: 'co-1',
    object: 'chat.completion',
    model: 'command',
    choices: [{ message: { role: 'assistant', content: 'Sunny.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13 },
  })
  const { path, headers } = upstream.requests.at(-1) ?? {}
  expect(path).toBe('/v2/chat')
  expect(headers).toMatchObject({ authorization: 'Bearer co-test-key' })
  expect(lastBody()).toEqual({ model: 'command-a-03-2025', messages, stream: false })
})

test('a stream comes as chunks, with usage', async () => {
  upstream.script(
    streamBytes([framed(start, content('Sun')), framed(content('ny.'), end('MAX_TOKENS'))]),
  )
  const stream = await gateway.client.chat.completions.create({
    model: 'command',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  })
  let words = ''
  let reason: string | null = null
  let total = 0
  for await (const chunk of stream) {
    expect(chunk.model).toBe('command')
    words += chunk.choices[0]?.delta.content ?? ''
    reason = chunk.choices[0]?.finish_reason ?? reason
    total = chunk.usage?.total_tokens ?? total
  }
  expect({ words, reason, total }).toEqual({ words: 'Sunny.', reason: 'length', total: 13 })
})

test('tools are called, side by side, and their results go back', async () => {
  upstream.script([
    streamBytes([
      framed(
        start,
        callStart(0, 'weather'),
        callDelta(0, '{"city":"Rome"}'),
        callStart(1, 'weather'),
        callDelta(1, '{"city":"Oslo"}'),
        end('TOOL_CALL'),
      ),
    ]),
    streamBytes([framed(start, content('Sun and snow.'), end('COMPLETE'))]),
  ])
  const runner = gateway.client.chat.completions.runTools({
    model: 'command',
    messages,
    stream: true,
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'Weather of a place',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
          function: ({ city }: { city: string }) => (city === 'Rome' ? 'sun' : 'snow'),
          parse: JSON.parse,
        },
      },
    ],
  })
  expect(await runner.finalContent()).toBe('Sun and snow.')
  expect(lastBody()).toMatchObject({
    messages: [
      ...messages,
      {
        role: 'assistant',
        tool_calls: [
          { id: 'weather_0', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
          { id: 'weather_1', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'weather_0', content: 'sun' },
      { role: 'tool', tool_call_id: 'weather_1', content: 'snow' },
    ],
  })
})

test('vectors come as the SDK unpacks them', async () => {
  upstream.script(
    answerJson({
      id: 'e',
      embeddings: { float: [[0.25, -0.5]] },
      meta: { billed_units: { input_tokens: 3 } },
    }),
  )
  const answer = await gateway.client.embeddings.create({
    model: 'vectors',
    input: ['a'],
    dimensions: 2,
  })
  expect(answer.data[0]?.embedding).toEqual([0.25, -0.5])
  expect(answer.usage).toMatchObject({ prompt_tokens: 3, total_tokens: 3 })
  expect(upstream.requests.at(-1)?.path).toBe('/v2/embed')
  expect(lastBody()).toMatchObject({ output_dimension: 2, embedding_types: ['float'] })
})

test('documents are ranked', async () => {
  const meta = { billed_units: { search_units: 1 } }
  const results = [{ index: 1, relevance_score: 0.9 }]
  upstream.script(answerJson({ id: 'r', results, meta }))
  const answer = await gateway.post('/v2/rerank', {
    model: 'ranks',
    query: 'q',
    documents: ['a', { text: 'b' }],
    top_n: 1,
    return_documents: true,
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    id: 'r',
    results: [{ index: 1, relevance_score: 0.9, document: { text: 'b' } }],
    meta,
  })
  expect(upstream.requests.at(-1)?.path).toBe('/v2/rerank')
  expect(lastBody()).toEqual({
    model: 'rerank-v3.5',
    query: 'q',
    documents: ['a', 'b'],
    top_n: 1,
  })
})

describe('failures', () => {
  const ask = (more = {}) =>
    gateway.client.chat.completions.create({ model: 'command', messages, ...more })

  test.each([
    [401, { message: 'invalid api token' }, 502, 'upstream_refused_our_key'],
    [404, { message: "model 'command-a-03-2025' not found" }, 502, 'upstream_lacks_model'],
    [
      400,
      { id: 'x', message: 'invalid request: message must be at least 1 token long' },
      400,
      'upstream_rejected',
    ],
    [
      400,
      {
        message:
          'too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 128001.',
      },
      400,
      'context_length_exceeded',
    ],
    [
      429,
      { message: 'You are using a Trial key, which is limited to 20 API calls / minute.' },
      429,
      'upstream_rate_limited',
    ],
    [500, { message: 'internal server error' }, 502, 'upstream_failed'],
  ])('%i %j', async (status, body, seen, code) => {
    upstream.script(answerError(status, body))
    await expect(ask()).rejects.toMatchObject({ status: seen, code })
  })

  test('what Cohere cannot say is refused before it is asked', async () => {
    const before = upstream.requests.length
    await expect(ask({ n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' })
    expect(upstream.requests).toHaveLength(before)
  })

  test('a stream that is cut off, or fails in its middle, raises', async () => {
    const bytes = framed(start, content('Sun'), end('COMPLETE'))
    upstream.script(cutAfter(bytes.length - 20, bytes))
    await expect(readAll()).rejects.toThrow()
    upstream.script(streamBytes([framed(start, content('Sun')), framed(end('ERROR'))]))
    await expect(readAll()).rejects.toThrow()
  })

  async function readAll(): Promise<void> {
    const stream = await gateway.client.chat.completions.create({
      model: 'command',
      messages,
      stream: true,
    })
    for await (const chunk of stream) expect(chunk.object).toBe('chat.completion.chunk')
  }
})
