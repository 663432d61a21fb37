import type OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  answerJson,
  createFakeUpstream,
  cutAfter,
  chatFrames,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
let seen = 0

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string, params: object = {}) => ({
    model_name,
    litellm_params: { model, api_base: upstream.url, api_key: 'none', ...params },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('plain', 'openai/m', { api_base: `${upstream.url}/v1` }),
        entry('llama', 'ollama_chat/llama3.2'),
        entry('claude', 'anthropic/claude-sonnet-4-5', { drop_params: true }),
      ],
      router_settings: { num_retries: 0 },
    },
  })
})
beforeEach(() => {
  seen = upstream.requests.length
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** What the upstream was asked in this test. */
function asked(index = 0): { readonly path: string; readonly body: unknown } {
  const request = upstream.requests[seen + index]
  return { path: request?.path ?? '', body: JSON.parse(request?.body.toString() ?? 'null') }
}

const ndjson = (...lines: readonly object[]) =>
  streamBytes(
    lines.map((line) => `${JSON.stringify(line)}\n`),
    { contentType: 'application/x-ndjson' },
  )
/** The thoughts and calls of an answer, to be sent again. */
function againOf(output: readonly OpenAI.Responses.ResponseOutputItem[]) {
  return output.flatMap((item): OpenAI.Responses.ResponseInputItem[] => {
    if (item.type === 'reasoning') return [item]
    if (item.type !== 'function_call') return []
    const { type, call_id, name, arguments: written } = item
    return [{ type, call_id, name, arguments: written }]
  })
}

const weather = {
  type: 'function' as const,
  name: 'weather',
  description: 'Looks outside.',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: false,
}

describe('a server that has chat alone', () => {
  test('answers responses.create', async () => {
    upstream.script(answerChat('Hello.'))
    const response = await gateway.client.responses.create({
      model: 'plain',
      instructions: 'Be short.',
      input: 'Hi',
      max_output_tokens: 20,
    })
    expect(response).toMatchObject({
      object: 'response',
      model: 'plain',
      status: 'completed',
      output_text: 'Hello.',
      instructions: 'Be short.',
      store: false,
      usage: { input_tokens: 5, output_tokens: 3, total_tokens: 8 },
    })
    expect(response.id).toMatch(/^resp_[0-9a-f]{32}$/)
    expect(response.created_at).toBeGreaterThan(1_700_000_000)
    expect(asked()).toEqual({
      path: '/v1/chat/completions',
      body: {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'Hi' },
        ],
        max_tokens: 20,
      },
    })
  })

  test('streams events, with usage at the end', async () => {
    upstream.script(streamChat())
    const stream = await gateway.client.responses.create({
      model: 'plain',
      input: 'Hi',
      stream: true,
    })
    const events = []
    for await (const event of stream) events.push(event)
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.at(-1)).toMatchObject({
      sequence_number: 9,
      response: { model: 'plain', usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 } },
    })
  })

  test('gives what was asked for as JSON', async () => {
    upstream.script(answerChat('{"a": 1}'))
    const schema = { type: 'object', properties: { a: { type: 'number' } } }
    const response = await gateway.client.responses.create({
      model: 'plain',
      input: 'Hi',
      text: { format: { type: 'json_schema', name: 'page', schema, strict: true } },
    })
    expect(response.output_text).toBe('{"a": 1}')
    expect(asked().body).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'page', schema, strict: true },
      },
    })
  })

  test('refuses as the server does, before a stream as well', async () => {
    upstream.script(answerError(400))
    const refusal = { status: 400 }
    const body = { model: 'plain', input: 'Hi' }
    await expect(gateway.client.responses.create(body)).rejects.toMatchObject(refusal)
    await expect(gateway.client.responses.create({ ...body, stream: true })).rejects.toMatchObject(
      refusal,
    )
  })

  test('ends a stream that breaks off with a failure that raises', async () => {
    const frames = chatFrames({}, false).join('')
    upstream.script(cutAfter(frames.indexOf('lo'), frames))
    const types: string[] = []
    const read = async () => {
      const stream = await gateway.client.responses.create({
        model: 'plain',
        input: 'Hi',
        stream: true,
      })
      for await (const event of stream) types.push(event.type)
    }
    await expect(read()).rejects.toMatchObject({ code: 'stream_interrupted' })
    expect(types.at(-1)).toBe('response.failed')
    expect(types).not.toContain('response.completed')
  })

  test('names what it cannot do, and asks nobody', async () => {
    await expect(
      gateway.client.responses.create({
        model: 'plain',
        input: 'Hi',
        tools: [{ type: 'file_search', vector_store_ids: ['v'] }],
      }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'tools[0].type',
      message: expect.stringContaining('file_search'),
    })
    await expect(
      gateway.client.responses.create({
        model: 'plain',
        input: 'Hi',
        previous_response_id: 'resp_1',
      }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
    expect(upstream.requests).toHaveLength(seen)
  })
})

describe('Ollama', () => {
  const call = { function: { name: 'weather', arguments: { city: 'Oslo' } } }
  const end = { done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 2 }

  test('calls a tool in a stream, and goes on with its output', async () => {
    upstream.script([
      ndjson(
        { model: 'llama3.2', message: { role: 'assistant', content: '', thinking: 'Hm.' } },
        { model: 'llama3.2', message: { role: 'assistant', content: '', tool_calls: [call] } },
        { model: 'llama3.2', message: { role: 'assistant', content: '' }, ...end },
      ),
      ndjson(
        { model: 'llama3.2', message: { role: 'assistant', content: 'Sun.' } },
        { model: 'llama3.2', message: { role: 'assistant', content: '' }, ...end },
      ),
    ])
    const question = { role: 'user' as const, content: 'Weather in Oslo?' }
    const first = await gateway.client.responses
      .stream({ model: 'llama', input: [question], tools: [weather] })
      .finalResponse()
    expect(first.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm.' }] },
      { type: 'function_call', name: 'weather', arguments: '{"city":"Oslo"}' },
    ])
    const called = first.output.find((item) => item.type === 'function_call')
    const output = {
      type: 'function_call_output' as const,
      call_id: called?.call_id ?? '',
      output: 'sun',
    }
    const stream = gateway.client.responses.stream({
      model: 'llama',
      input: [question, ...againOf(first.output), output],
      tools: [weather],
    })
    const second = await stream.finalResponse()
    expect(second.output_text).toBe('Sun.')
    expect(second.usage).toMatchObject({ input_tokens: 7, output_tokens: 2 })
    expect(asked(1)).toMatchObject({
      path: '/api/chat',
      body: {
        messages: [
          question,
          { role: 'assistant', thinking: 'Hm.', tool_calls: [call] },
          { role: 'tool', content: 'sun' },
        ],
      },
    })
  })

  test('sees a picture', async () => {
    upstream.script(
      answerJson({ model: 'llama3.2', message: { role: 'assistant', content: 'A dot.' }, ...end }),
    )
    const response = await gateway.client.responses.create({
      model: 'llama',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
          ],
        },
      ],
    })
    expect(response.output_text).toBe('A dot.')
    expect(asked().body).toMatchObject({
      messages: [{ role: 'user', content: 'What is it?', images: ['AAAA'] }],
    })
  })
})

describe('Anthropic', () => {
  test('gets its signed thoughts back with the output of the tool', async () => {
    const thought = { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }
    const use = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Oslo' } }
    const said = (content: readonly object[], stop_reason: string) =>
      answerJson({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-4-5',
        content,
        stop_reason,
        usage: { input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 2 },
      })
    upstream.script([
      said([thought, use], 'tool_use'),
      said([{ type: 'text', text: 'Sun.' }], 'end_turn'),
    ])
    const question = { role: 'user' as const, content: 'Weather in Oslo?' }
    const about = { model: 'claude', tools: [weather], reasoning: { effort: 'low' as const } }
    const first = await gateway.client.responses.create({ ...about, input: [question] })
    expect(first.usage).toMatchObject({
      input_tokens: 5,
      input_tokens_details: { cached_tokens: 2 },
    })
    const output = {
      type: 'function_call_output' as const,
      call_id: 'toolu_1',
      output: 'sun',
    }
    const second = await gateway.client.responses.create({
      ...about,
      input: [question, ...againOf(first.output), output],
    })
    expect(second.output_text).toBe('Sun.')
    expect(asked(1).body).toMatchObject({
      messages: [
        { role: 'user' },
        { role: 'assistant', content: [thought, use] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
      ],
    })
  })
})
