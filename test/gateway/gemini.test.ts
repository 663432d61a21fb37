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
  const at = { api_base: `${upstream.url}/v1beta`, api_key: 'AIza-test' }
  const entry = (model_name: string, model: string) => ({
    model_name,
    litellm_params: { model: `gemini/${model}`, ...at },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('flash', 'gemini-2.5-flash'),
        entry('pro', 'gemini-3-pro-preview'),
        entry('vectors', 'gemini-embedding-001'),
        entry('painter', 'imagen-4.0-generate-001'),
      ],
      router_settings: { num_retries: 0 },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Weather in Paris?' }]
const usageMetadata = { promptTokenCount: 8, candidatesTokenCount: 5, totalTokenCount: 13 }
const said = (parts: unknown[], more = {}) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  usageMetadata,
  modelVersion: 'gemini-2.5-flash',
})
const done = { finishReason: 'STOP' }
const framed = (...events: unknown[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')

const lastBody = (): unknown => JSON.parse(String(upstream.requests.at(-1)?.body))

test('an answer comes as a chat completion, the key goes as Google wants it', async () => {
  upstream.script(answerJson(said([{ text: 'Sunny.' }], done)))
  const answer = await gateway.client.chat.completions.create({ model: 'flash', messages })
  expect(answer).toMatchObject({
    object: 'chat.completion',
    model: 'flash',
    choices: [{ message: { role: 'assistant', content: 'Sunny.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13 },
  })
  const { path, headers } = upstream.requests.at(-1) ?? {}
  expect(path).toBe('/v1beta/models/gemini-2.5-flash:generateContent')
  expect(headers).toMatchObject({ 'x-goog-api-key': 'AIza-test' })
  expect(headers).not.toHaveProperty('authorization')
})

test('a stream comes as chunks, with usage', async () => {
  upstream.script(
    streamBytes([
      framed(said([{ text: 'Hmm.', thought: true }]), said([{ text: 'Sun' }])),
      framed(said([{ text: 'ny.' }], done)),
    ]),
  )
  const stream = await gateway.client.chat.completions.create({
    model: 'flash',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  })
  const texts: string[] = []
  const reasons: unknown[] = []
  let total = 0
  for await (const { choices, usage } of stream) {
    texts.push(choices[0]?.delta.content ?? '')
    reasons.push(choices[0]?.finish_reason ?? null)
    total = usage?.total_tokens ?? total
  }
  expect(texts.join('')).toBe('Sunny.')
  expect(reasons.filter((reason) => reason !== null)).toEqual(['stop'])
  expect(total).toBe(13)
  expect(upstream.requests.at(-1)?.path).toBe(
    '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
  )
})

test('a conversation with tools goes to and fro, its signature with it', async () => {
  const signed = { functionCall: { name: 'weather', args: { place: 'Paris' } } }
  upstream.script(answerJson(said([{ ...signed, thoughtSignature: 'c2ln' }], done)))
  const tools = [{ type: 'function' as const, function: { name: 'weather' } }]
  const { choices } = await gateway.client.chat.completions.create({
    model: 'pro',
    messages,
    tools,
  })
  const [first] = choices
  if (first === undefined) throw new Error('no choice')
  expect(first.finish_reason).toBe('tool_calls')
  const [call] = first.message.tool_calls ?? []
  expect(call?.type === 'function' && call.function.arguments).toBe('{"place":"Paris"}')

  upstream.script(answerJson(said([{ text: 'It is sunny.' }], done)))
  await gateway.client.chat.completions.create({
    model: 'pro',
    messages: [
      ...messages,
      first.message,
      { role: 'tool', tool_call_id: call?.id ?? '', content: '{"sky":"clear"}' },
    ],
    tools,
  })
  expect(lastBody()).toMatchObject({
    contents: [
      { role: 'user' },
      { role: 'model', parts: [{ ...signed, thoughtSignature: 'c2ln' }] },
      {
        role: 'user',
        parts: [{ functionResponse: { name: 'weather', response: { sky: 'clear' } } }],
      },
    ],
  })
})

test('a stream of calls is put together by the client', async () => {
  const call = (place: string) => ({ functionCall: { name: 'weather', args: { place } } })
  upstream.script(streamBytes([framed(said([call('Paris'), call('Rome')]), said([], done))]))
  const runner = gateway.client.chat.completions.stream({
    model: 'flash',
    messages,
    tools: [{ type: 'function', function: { name: 'weather', parameters: {} } }],
  })
  const [choice] = (await runner.finalChatCompletion()).choices
  expect(choice?.finish_reason).toBe('tool_calls')
  expect(choice?.message.tool_calls?.map((one) => one.type === 'function' && one.function)).toEqual(
    ['Paris', 'Rome'].map((place) =>
      expect.objectContaining({ name: 'weather', arguments: JSON.stringify({ place }) }),
    ),
  )
})

test('vectors come as OpenAI gives them, also packed as its client asks', async () => {
  upstream.script(answerJson({ embeddings: [{ values: [0.25, -0.5] }, { values: [1, 0] }] }))
  const { data } = await gateway.client.embeddings.create({
    model: 'vectors',
    input: ['a', 'b'],
    dimensions: 2,
  })
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [0.25, -0.5],
    [1, 0],
  ])
})

test('pictures of Imagen come as OpenAI gives them', async () => {
  upstream.script(
    answerJson({ predictions: [{ mimeType: 'image/png', bytesBase64Encoded: 'iVBORw0KGgo=' }] }),
  )
  const { data } = await gateway.client.images.generate({
    model: 'painter',
    prompt: 'A cat',
    response_format: 'b64_json',
  })
  expect(data).toEqual([{ b64_json: 'iVBORw0KGgo=' }])
})

test('a stream that breaks off raises in the client', async () => {
  const events = framed(said([{ text: 'Sun' }]), said([{ text: 'ny.' }], done))
  upstream.script(cutAfter(framed(said([{ text: 'Sun' }])).length + 20, events))
  const stream = await gateway.client.chat.completions.create({
    model: 'flash',
    messages,
    stream: true,
  })
  const read = async (): Promise<void> => {
    for await (const _ of stream);
  }
  await expect(read()).rejects.toThrow()
})

describe('an error of Google', () => {
  const google = (code: number, status: string, message: string, details: unknown[] = []) =>
    answerError(code, { error: { code, message, status, details } })
  const key = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }

  test.each([
    [
      'about the request',
      google(400, 'INVALID_ARGUMENT', 'Unknown name "foo": Cannot find field.'),
      { status: 400, message: /Unknown name "foo"/ },
    ],
    [
      'about the length of the prompt',
      google(
        400,
        'INVALID_ARGUMENT',
        'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      ),
      { status: 400, message: /1048576/ },
    ],
    [
      'about our key, as 400',
      google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [key]),
      { status: 502, message: /own key/ },
    ],
    [
      'about the place of our key',
      google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
      { status: 502, message: /own key/ },
    ],
    [
      'about our rights',
      google(403, 'PERMISSION_DENIED', 'Permission denied.'),
      { status: 502, message: /own key/ },
    ],
    [
      'about a model it lacks',
      google(404, 'NOT_FOUND', 'models/gemini-9 is not found for API version v1beta'),
      { status: 502, message: /is not found/ },
    ],
    [
      'about a quota, in a list',
      answerError(429, [
        { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota.', details: [retry] } },
      ]),
      { status: 429, message: /rate limit: Quota/, retry: '34' },
    ],
    [
      'about its load',
      google(503, 'UNAVAILABLE', 'The model is overloaded.'),
      { status: 502, message: /overloaded/ },
    ],
  ])('%s', async (_, behaviour, expected) => {
    // Each on a gateway without a past: a refused key makes a deployment rest.
    const fresh = await startGateway({
      config: {
        model_list: [
          {
            model_name: 'flash',
            litellm_params: {
              model: 'gemini/gemini-2.5-flash',
              api_base: `${upstream.url}/v1beta`,
              api_key: 'AIza-test',
            },
          },
        ],
        router_settings: { num_retries: 0 },
      },
    })
    upstream.script(behaviour)
    const answer = await fresh.post('/v1/chat/completions', { model: 'flash', messages })
    const { error }: { error: { message: string } } = JSON.parse(await answer.text())
    await fresh.close()
    expect({ status: answer.status, message: error.message }).toEqual({
      status: expected.status,
      message: expect.stringMatching(expected.message),
    })
    if ('retry' in expected) expect(answer.headers.get('retry-after')).toBe(expected.retry)
  })
})
