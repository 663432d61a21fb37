import { createHash, createHmac } from 'node:crypto'
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
import { eventFrame } from './providers/frames.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'test-secret-of-aws' }
const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const contentType = 'application/vnd.amazon.eventstream'
let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string, more: object = {}) => ({
    model_name,
    litellm_params: { model: `bedrock/${model}`, api_base: upstream.url, ...more },
  })
  gateway = await startGateway({
    env: { ...keys, AWS_SESSION_TOKEN: 'lent-for-an-hour', AWS_REGION: 'eu-west-3' },
    config: {
      model_list: [
        entry('claude', `converse/${claude}`),
        entry('nova', 'us-east-1/amazon.nova-lite-v1:0'),
        entry('llama', 'meta.llama3-3-70b-instruct-v1:0'),
        entry('tokened', claude, { api_key: 'bedrock-api-key-test' }),
        entry('own', claude, { aws_access_key_id: 'AKIDOWN', aws_secret_access_key: 'own-secret' }),
        entry('vectors', 'amazon.titan-embed-text-v2:0'),
        entry('pictures', 'amazon.nova-canvas-v1:0'),
        entry('twice', claude, { order: 1 }),
        entry('twice', 'amazon.nova-lite-v1:0', { order: 2 }),
      ],
      router_settings: { num_retries: 1, retry_after: 0 },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Weather in Rome and Oslo?' }]
const usage = { inputTokens: 8, outputTokens: 5, totalTokens: 13 }
const said = (content: readonly object[], stopReason = 'end_turn') => ({
  output: { message: { role: 'assistant', content } },
  stopReason,
  usage,
})
const start = { messageStart: { role: 'assistant' } }
const content = (text: string) => ({ contentBlockDelta: { contentBlockIndex: 0, delta: { text } } })
const callEvents = (index: number, city: string) => [
  {
    contentBlockStart: {
      contentBlockIndex: index,
      start: { toolUse: { toolUseId: `tooluse_${city}`, name: 'weather' } },
    },
  },
  {
    contentBlockDelta: {
      contentBlockIndex: index,
      delta: { toolUse: { input: `{"city":"${city}"}` } },
    },
  },
  { contentBlockStop: { contentBlockIndex: index } },
]
const end = (stopReason: string) => [{ messageStop: { stopReason } }, { metadata: { usage } }]
const framed = (...events: readonly object[]): Buffer => Buffer.concat(events.map(eventFrame))

const last = () => {
  const request = upstream.requests.at(-1)
  if (!request) throw new Error('nothing was asked')
  return request
}
const lastBody = (): unknown => JSON.parse(String(last().body))
const ask = (model = 'claude') => gateway.client.chat.completions.create({ model, messages })

test('an answer comes as a chat completion', async () => {
  upstream.script(answerJson(said([{ text: 'Sunny.' }])))
  expect(await ask()).toMatchObject({
    object: 'chat.completion',
    model: 'claude',
    choices: [{ message: { role: 'assistant', content: 'Sunny.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13 },
  })
  expect(last().path).toBe(`/model/${encodeURIComponent(claude)}/converse`)
  expect(lastBody()).toEqual({
    messages: [{ role: 'user', content: [{ text: messages[0]?.content }] }],
  })
})

describe('a call', () => {
  /** What the upstream works out for itself from what it has received, step by step as AWS describes it. */
  function signatureOf(keyId: string, secret: string, region: string): string {
    const { method, path, headers, body } = last()
    const names = /SignedHeaders=([\w;-]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
    const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
    const told = names.map((name) => `${name}:${String(headers[name])}\n`).join('')
    const segments = path.split('/').map(encodeURIComponent).join('/')
    const canonical = [method, segments, '', told, names.join(';'), sha256(body)].join('\n')
    const date = String(headers['x-amz-date'])
    const scope = [date.slice(0, 8), region, 'bedrock', 'aws4_request']
    const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')
    const hmac = (key: string | Buffer, data: string) =>
      createHmac('sha256', key).update(data).digest()
    const key = scope.reduce<string | Buffer>((made, part) => hmac(made, part), `AWS4${secret}`)
    const signature = hmac(key, text).toString('hex')
    return `AWS4-HMAC-SHA256 Credential=${keyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  }

  test('is signed as it arrives, with the keys, the token and the region of the environment', async () => {
    upstream.script(answerJson(said([{ text: 'Sunny.' }])))
    await ask()
    expect(last().headers['x-amz-security-token']).toBe('lent-for-an-hour')
    const { authorization } = last().headers
    expect(authorization).toContain('/eu-west-3/bedrock/aws4_request')
    expect(authorization).toBe(
      signatureOf(keys.AWS_ACCESS_KEY_ID, keys.AWS_SECRET_ACCESS_KEY, 'eu-west-3'),
    )
  })

  test("is signed with a deployment's own keys, which come without the environment's token", async () => {
    upstream.script(answerJson(said([{ text: 'Sunny.' }])))
    await ask('own')
    expect(last().headers).not.toHaveProperty('x-amz-security-token')
    expect(last().headers.authorization).toBe(signatureOf('AKIDOWN', 'own-secret', 'eu-west-3'))
  })

  test('goes by the region that its model names', async () => {
    upstream.script(answerJson(said([{ text: 'Sunny.' }])))
    await ask('nova')
    expect(last().path).toBe('/model/amazon.nova-lite-v1%3A0/converse')
    expect(last().headers.authorization).toContain('/us-east-1/bedrock/aws4_request')
  })

  test('carries a Bedrock API key in place of a signature', async () => {
    upstream.script(answerJson(said([{ text: 'Sunny.' }])))
    await ask('tokened')
    expect(last().headers.authorization).toBe('Bearer bedrock-api-key-test')
    expect(last().headers).not.toHaveProperty('x-amz-date')
  })

  test('is signed for each attempt by itself', async () => {
    const before = upstream.requests.length
    upstream.script([
      answerError(429, { message: 'later' }),
      answerJson(said([{ text: 'Sunny.' }])),
    ])
    await ask('twice')
    const [first, second] = upstream.requests.slice(before)
    expect(first?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /)
    expect(second?.headers.authorization).toBe(
      signatureOf(keys.AWS_ACCESS_KEY_ID, keys.AWS_SECRET_ACCESS_KEY, 'eu-west-3'),
    )
    expect(second?.path).not.toBe(first?.path)
    expect(second?.headers.authorization).not.toBe(first?.headers.authorization)
  })
})

async function readAll(model = 'claude') {
  const stream = await gateway.client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  })
  let words = ''
  let reason: string | null = null
  let total = 0
  for await (const chunk of stream) {
    words += chunk.choices[0]?.delta.content ?? ''
    reason = chunk.choices[0]?.finish_reason ?? reason
    total = chunk.usage?.total_tokens ?? total
  }
  return { words, reason, total }
}

test('frames come as chunks, wherever the network cuts them, with usage', async () => {
  const bytes = framed(start, content('Sun'), content('ny.'), ...end('max_tokens'))
  const pieces = [bytes.subarray(0, 7), bytes.subarray(7, 150), bytes.subarray(150)]
  upstream.script(streamBytes(pieces, { contentType, delayMs: 5 }))
  expect(await readAll()).toEqual({ words: 'Sunny.', reason: 'length', total: 13 })
  expect(last().path).toBe(`/model/${encodeURIComponent(claude)}/converse-stream`)
})

test('tools are called, side by side, and their results go back', async () => {
  const called = framed(
    start,
    ...callEvents(0, 'Rome'),
    ...callEvents(1, 'Oslo'),
    ...end('tool_use'),
  )
  const told = framed(start, content('Sun and snow.'), ...end('end_turn'))
  upstream.script([streamBytes([called], { contentType }), streamBytes([told], { contentType })])
  const runner = gateway.client.chat.completions.runTools({
    model: 'claude',
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
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'tooluse_Rome', name: 'weather', input: { city: 'Rome' } } },
          { toolUse: { toolUseId: 'tooluse_Oslo', name: 'weather', input: { city: 'Oslo' } } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'tooluse_Rome', content: [{ text: 'sun' }] } },
          { toolResult: { toolUseId: 'tooluse_Oslo', content: [{ text: 'snow' }] } },
        ],
      },
    ],
  })
})

describe("Anthropic's Messages over it", () => {
  const mark = { cache_control: { type: 'ephemeral' } }
  const asked = (model: string) => ({
    model,
    max_tokens: 50,
    system: [{ type: 'text', text: 'Be brief.', ...mark }],
    messages: [{ role: 'user', content: 'Hi' }],
    tools: [{ name: 'look', input_schema: { type: 'object' }, ...mark }],
  })

  test('keep their marks of what is to be cached, and tell what was', async () => {
    const counted = { ...usage, cacheReadInputTokens: 100, cacheWriteInputTokens: 20 }
    upstream.script(answerJson({ ...said([{ text: 'Hello.' }]), usage: counted }))
    const answer = await gateway.post('/v1/messages', asked('claude'))
    expect(await answer.json()).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'Hello.' }],
      usage: { input_tokens: 8, cache_read_input_tokens: 100, cache_creation_input_tokens: 20 },
    })
    expect(lastBody()).toMatchObject({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }],
      inferenceConfig: { maxTokens: 50 },
      toolConfig: { tools: [{ toolSpec: { name: 'look' } }, { cachePoint: { type: 'default' } }] },
    })
  })

  test('lose them where a model takes none', async () => {
    upstream.script(answerJson(said([{ text: 'Hello.' }])))
    await gateway.post('/v1/messages', asked('llama'))
    expect(last().path).toBe('/model/meta.llama3-3-70b-instruct-v1%3A0/converse')
    expect(String(last().body)).not.toContain('cachePoint')
  })
})

test('vectors and pictures come as the SDK unpacks them', async () => {
  upstream.script(answerJson({ embedding: [0.25, -0.5], inputTextTokenCount: 3 }))
  const { data, usage: used } = await gateway.client.embeddings.create({
    model: 'vectors',
    input: 'a',
  })
  expect(data[0]?.embedding).toEqual([0.25, -0.5])
  expect(used).toMatchObject({ prompt_tokens: 3, total_tokens: 3 })
  upstream.script(answerJson({ images: ['iVBORw0KGgo='] }))
  const drawn = await gateway.client.images.generate({
    model: 'pictures',
    prompt: 'a cat',
    response_format: 'b64_json',
  })
  expect(drawn.data?.[0]?.b64_json).toBe('iVBORw0KGgo=')
})

test('a probe asks whether it answers, and for nothing that wants a signature', async () => {
  upstream.script(answerError(403, { message: 'Missing Authentication Token' }))
  const health: unknown = await (await gateway.get('/health?probe=true')).json()
  expect(health).toMatchObject({ servers: [{ address: upstream.url, answers: true, models: [] }] })
  expect(JSON.stringify(health)).not.toContain('HTTP 403')
})

describe('failures', () => {
  test.each([
    [400, 'ValidationException', 'malformed input', 400, 'upstream_rejected'],
    [
      400,
      'ValidationException',
      'prompt is too long: 9 tokens > 8 maximum',
      400,
      'context_length_exceeded',
    ],
    [
      403,
      'AccessDeniedException',
      'You do not have access to the model',
      502,
      'upstream_refused_our_key',
    ],
    [
      403,
      'ExpiredTokenException',
      'The security token expired: lent-for-an-hour',
      502,
      'upstream_refused_our_key',
    ],
    [424, 'ModelErrorException', 'The model failed', 502, 'upstream_failed'],
    [429, 'ThrottlingException', 'Too many requests', 429, 'upstream_rate_limited'],
    [500, 'InternalServerException', 'It broke, with test-secret-of-aws', 502, 'upstream_failed'],
  ])('%i %s %s', async (status, type, message, seen, code) => {
    upstream.script(answerError(status, { message }, { 'x-amzn-errortype': type }))
    const failure = await gateway.client
      .withOptions({ maxRetries: 0 })
      .chat.completions.create({ model: 'own', messages })
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(failure).toMatchObject({ status: seen, code })
    expect(String(failure)).not.toMatch(/lent-for-an-hour|own-secret|AKID/)
  })

  test('an exception before the first word is the answer, and another model may take over', async () => {
    const throttled = framed({ throttlingException: { message: 'Too many requests' } })
    const told = framed(start, content('Sunny.'), ...end('end_turn'))
    upstream.script([
      streamBytes([throttled], { contentType }),
      streamBytes([told], { contentType }),
    ])
    expect(await readAll('twice')).toMatchObject({ words: 'Sunny.' })
    upstream.script(streamBytes([throttled], { contentType }))
    await expect(readAll('nova')).rejects.toMatchObject({
      status: 429,
      code: 'upstream_rate_limited',
    })
  })

  const whole = framed(start, content('Sun'), ...end('end_turn'))
  const spoilt = Buffer.from(whole)
  spoilt[spoilt.length - 30] = (spoilt.at(-30) ?? 0) ^ 1
  test.each([
    [
      'an exception',
      streamBytes(
        [framed(start, content('Sun'), { modelStreamErrorException: { message: 'no' } })],
        { contentType },
      ),
    ],
    ['a cut', cutAfter(whole.length - 200, whole, contentType)],
    ['an end between frames', streamBytes([framed(start, content('Sun'))], { contentType })],
    ['a broken checksum', streamBytes([spoilt], { contentType })],
    [
      'a web page',
      streamBytes(['<!doctype html><title>Welcome</title>'], { contentType: 'text/html' }),
    ],
  ])('%s in a stream raises', async (_, behaviour) => {
    upstream.script(behaviour)
    await expect(readAll('nova')).rejects.toThrow()
  })
})
