import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  answerJson,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
let anthropic: Anthropic
let openai: OpenAI

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('m', upstream.url, { num_retries: 0 }),
        {
          model_name: 'native',
          litellm_params: { model: 'openai/x', api_base: `${upstream.url}/v1`, api_key: 'none' },
          model_info: { mode: 'responses' },
        },
        {
          model_name: 'llama',
          litellm_params: { model: 'ollama_chat/llama', api_base: upstream.url, num_retries: 0 },
        },
      ],
    },
  })
  anthropic = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 })
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(answerChat('Hello there.')))

const sent = (): Record<string, unknown> =>
  JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '')

const ollamaChat = answerJson({
  model: 'llama',
  created_at: '2025-01-01T00:00:00Z',
  message: { role: 'assistant', content: 'Hello there.' },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 5,
  eval_count: 3,
})
const ollamaLines = [
  ...['Hel', 'lo'].map((content) => ({ message: { role: 'assistant', content }, done: false })),
  {
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 5,
    eval_count: 2,
  },
].map((line) => `${JSON.stringify({ model: 'llama', ...line })}\n`)

const toolAnswer = answerJson({
  id: 'chatcmpl-up',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'upstream-model',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Paris"}' },
          },
        ],
      },
    },
  ],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
})

describe('Anthropic’s client over models that only chat', () => {
  const ask = { max_tokens: 50, messages: [{ role: 'user' as const, content: 'hi' }] }

  test.each(['m', 'llama'])('%s answers', async (model) => {
    if (model === 'llama') upstream.script(ollamaChat)
    const message = await anthropic.messages.create({ model, system: 'Be brief.', ...ask })
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text: 'Hello there.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 5, output_tokens: 3 },
    })
    expect(sent()['messages']).toMatchObject([{ role: 'system' }, { role: 'user' }])
  })

  test.each(['m', 'llama'])('%s streams, and its usage is counted', async (model) => {
    upstream.script(
      model === 'm'
        ? streamChat()
        : streamBytes(ollamaLines, { contentType: 'application/x-ndjson' }),
    )
    const labels = { model, requested_model: model }
    const before = await gateway.metric('litellm_total_tokens_metric_total', labels)
    const stream = anthropic.messages.stream({ model, ...ask })
    const texts: string[] = []
    stream.on('text', (text) => void texts.push(text))
    const message = await stream.finalMessage()
    expect(texts.join('')).toBe('Hello')
    expect(message).toMatchObject({ stop_reason: 'end_turn', usage: { output_tokens: 2 } })
    const count = async () => gateway.metric('litellm_total_tokens_metric_total', labels)
    await until(async () => (await count()) === before + 7)
  })

  test('calls tools', async () => {
    upstream.script(toolAnswer)
    const message = await anthropic.messages.create({
      model: 'm',
      ...ask,
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
    })
    expect(message.stop_reason).toBe('tool_use')
    expect(message.content).toMatchObject([
      { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Paris' } },
    ])
    expect(sent()['tools']).toMatchObject([{ type: 'function', function: { name: 'weather' } }])
  })

  test('hears of an error in its own words', async () => {
    upstream.script(answerError(500))
    await expect(anthropic.messages.create({ model: 'm', ...ask })).rejects.toMatchObject({
      status: 502,
      error: { type: 'error', error: { type: 'api_error' } },
    })
  })

  test('raises where a stream breaks off', async () => {
    const frames = chatFrames({}, true).join('')
    upstream.script(cutAfter(frames.length - 200, frames))
    const stream = anthropic.messages.stream({ model: 'm', ...ask })
    await expect(stream.finalMessage()).rejects.toThrow(/cut|closed|broke|off/i)
  })

  test('counts tokens, by an estimate', async () => {
    const counted = await anthropic.messages.countTokens({ model: 'm', messages: ask.messages })
    expect(counted.input_tokens).toBeGreaterThan(0)
  })
})

describe('OpenAI’s Responses over models that only chat', () => {
  test.each(['m', 'llama'])('%s answers', async (model) => {
    if (model === 'llama') upstream.script(ollamaChat)
    const response = await openai.responses.create({ model, instructions: 'Brief.', input: 'hi' })
    expect(response).toMatchObject({ object: 'response', status: 'completed', model })
    expect(response.output_text).toBe('Hello there.')
    expect(response.usage).toMatchObject({ input_tokens: 5, output_tokens: 3 })
    expect(sent()['messages']).toMatchObject([{ content: 'Brief.' }, { role: 'user' }])
  })

  test.each(['m', 'llama'])('%s streams every event', async (model) => {
    upstream.script(
      model === 'm'
        ? streamChat()
        : streamBytes(ollamaLines, { contentType: 'application/x-ndjson' }),
    )
    const types: string[] = []
    let text = ''
    for await (const event of await openai.responses.create({ model, input: 'hi', stream: true })) {
      types.push(event.type)
      if (event.type === 'response.output_text.delta') text += event.delta
      if (event.type === 'response.completed')
        expect(event.response.usage).toMatchObject({ output_tokens: 2 })
    }
    expect(text).toBe('Hello')
    expect(types.at(0)).toBe('response.created')
    expect(types.at(-1)).toBe('response.completed')
  })

  test('calls functions', async () => {
    upstream.script(toolAnswer)
    const response = await openai.responses.create({
      model: 'm',
      input: 'weather?',
      tools: [{ type: 'function', name: 'weather', parameters: { type: 'object' }, strict: false }],
    })
    expect(response.output).toMatchObject([
      { type: 'function_call', name: 'weather', arguments: '{"city":"Paris"}', call_id: 'call_1' },
    ])
  })

  test('a stream that breaks off fails in its own words', async () => {
    const frames = chatFrames({}, true).join('')
    upstream.script(cutAfter(frames.length - 200, frames))
    const read = async () => {
      const types: string[] = []
      for await (const { type } of await openai.responses.create({
        model: 'm',
        input: 'hi',
        stream: true,
      }))
        types.push(type)
      return types
    }
    const end = await read().then(
      (types) => types.at(-1),
      (error: unknown) => (error instanceof OpenAI.APIError ? 'raised' : 'odd'),
    )
    expect(['response.failed', 'raised']).toContain(end)
  })

  test('a server that says it has Responses gets them as they are', async () => {
    upstream.script(
      answerJson({ id: 'resp_1', object: 'response', model: 'x', status: 'completed', output: [] }),
    )
    const response = await openai.responses.create({ model: 'native', input: 'hi' })
    expect(response.id).toBe('resp_1')
    expect(upstream.requests.at(-1)?.path).toBe('/v1/responses')
    expect(sent()).toEqual({ model: 'x', input: 'hi' })
  })
})
