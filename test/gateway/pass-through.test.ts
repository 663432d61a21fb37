import Anthropic from '@anthropic-ai/sdk'
import { request as httpRequest } from 'node:http'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerBytes,
  answerChat,
  answerError,
  answerJson,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  hang,
  stall,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { sendRaw } from '../doubles/raw-http.ts'

let upstream: FakeUpstream
let gateway: TestGateway

const keys = {
  openai: 'sk-theirs-openai-1',
  anthropic: 'theirs-anthropic',
  gemini: 'theirs-gemini',
}

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const at = (model: string, path: string, more: Record<string, unknown> = {}) => ({
    model_name: model.replace(/^.*\//, 'my-'),
    litellm_params: { model, api_base: upstream.url + path, ...more },
  })
  const paid = { input_cost_per_token: 0.001, output_cost_per_token: 0.002 }
  gateway = await startGateway({
    config: {
      model_list: [
        at('openai/gpt-4o', '/team/v1', {
          api_key: keys.openai,
          extra_headers: { 'OpenAI-Organization': 'theirs' },
          ...paid,
        }),
        at('anthropic/claude-x', '', { api_key: keys.anthropic, ...paid }),
        at('gemini/gemini-x', '/v1beta', { api_key: keys.gemini, ...paid }),
        at('cohere_chat/command-x', '', { api_key: 'theirs-cohere', ...paid }),
        at('groq/llama-x', '/openai/v1', { api_key: 'theirs-groq', rpm: 1 }),
      ],
      router_settings: { optional_pre_call_checks: ['enforce_model_rate_limits'] },
      general_settings: { max_request_size_mb: 0.01, max_file_size_mb: 0.5 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(answerJson({ ok: true })))

const last = () => upstream.requests.at(-1)

/** Asks with the master key, or with these headers alone. */
function ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}) {
  const headers = init.headers ?? { authorization: `Bearer ${gateway.key}` }
  return fetch(gateway.url + path, { redirect: 'manual', ...init, headers })
}

const tokens = (provider: string, name = 'total') =>
  gateway.metric(`litellm_${name}_tokens_metric_total`, { api_provider: provider })
const spend = (provider: string) =>
  gateway.metric('litellm_spend_metric_total', { api_provider: provider })

describe('a request', () => {
  test('goes as it came, with the key of the deployment in place of ours', async () => {
    const body = '{ "model":"gpt-4o",  "x": [1.0, 2e3], "key": "kept" }'
    const response = await ask('/openai/v1/odd/things?a=1&b=%20&a=2', {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${gateway.key}`,
        'content-type': 'application/json',
        'openai-organization': 'mine',
        'openai-beta': 'assistants=v2',
        cookie: 'session=1',
        'x-forwarded-for': '10.0.0.1',
        'x-litellm-tags': 'a',
      },
      body,
    })
    expect(response.status).toBe(200)
    const seen = last()
    expect([seen?.method, seen?.path]).toEqual(['PUT', '/team/v1/odd/things?a=1&b=%20&a=2'])
    expect(seen?.body.toString()).toBe(body)
    expect(seen?.headers).toMatchObject({
      authorization: `Bearer ${keys.openai}`,
      'openai-organization': 'theirs',
      'openai-beta': 'assistants=v2',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
    })
    for (const name of ['cookie', 'x-forwarded-for', 'x-litellm-tags'])
      expect(seen?.headers).not.toHaveProperty([name])
    expect(JSON.stringify(seen?.headers)).not.toContain(gateway.key)
  })

  test.each([
    ['/openai/chat/completions', '/team/v1/chat/completions'],
    ['/openai/v1/files', '/team/v1/files'],
    ['/anthropic/v1/messages/batches', '/v1/messages/batches'],
    ['/gemini/v1beta/cachedContents', '/v1beta/cachedContents'],
    ['/gemini/upload/v1beta/files', '/upload/v1beta/files'],
    ['/cohere/v1/datasets', '/v1/datasets'],
    ['/groq/openai/v1/batches', '/openai/v1/batches'],
  ])('for %s goes to %s', async (asked, sent) => {
    await ask(asked)
    expect(last()?.path).toBe(sent)
  })

  test('carries our key as its clients carry theirs', async () => {
    for (const headers of [{ 'x-api-key': gateway.key }, { 'x-goog-api-key': gateway.key }]) {
      expect((await ask('/anthropic/v1/models', { headers })).status).toBe(200)
      expect(last()?.headers).toMatchObject({ 'x-api-key': keys.anthropic })
    }
    const path = `/gemini/v1beta/models?key=${gateway.key}&pageSize=5&k%65y=again`
    expect((await ask(path, { headers: {} })).status).toBe(200)
    expect(last()?.path).toBe('/v1beta/models?pageSize=5')
    expect(last()?.headers['x-goog-api-key']).toBe(keys.gemini)
    expect((await ask('/gemini/v1beta/models?key=wrong', { headers: {} })).status).toBe(401)
    expect(gateway.log.join('\n')).not.toContain(gateway.key)
  })

  test('a version of the API that the caller names goes before the one we would', async () => {
    const own = { 'x-api-key': gateway.key, 'anthropic-version': '2099-01-01' }
    await ask('/anthropic/v1/models', { headers: own })
    expect(last()?.headers['anthropic-version']).toBe('2099-01-01')
    await ask('/anthropic/v1/models')
    expect(last()?.headers['anthropic-version']).toBe('2023-06-01')
  })

  test('a file flows through byte for byte', async () => {
    const file = Buffer.alloc(300_000, 'colonnade!')
    const form = new FormData()
    form.set('purpose', 'batch')
    form.set('file', new Blob([file]), 'a.jsonl')
    expect((await ask('/openai/v1/files', { method: 'POST', body: form })).status).toBe(200)
    expect(last()?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(Number(last()?.headers['content-length'])).toBe(last()?.body.length)
    expect(last()?.body.includes(file)).toBe(true)
  })

  test('that is too large is refused, announced or not', async () => {
    const before = upstream.requests.length
    const json = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` }
    const long = JSON.stringify({ text: 'a'.repeat(20_000) })
    const post = { method: 'POST' }
    expect((await ask('/openai/v1/a', { ...post, headers: json, body: long })).status).toBe(413)
    const file = Buffer.alloc(600_000)
    expect((await ask('/openai/v1/b', { ...post, body: file })).status).toBe(413)
    expect(upstream.requests).toHaveLength(before)
    const request = httpRequest(`${gateway.url}/openai/v1/c`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
    })
    const status = new Promise((resolve) =>
      request.on('response', (response) => resolve(response.statusCode)),
    )
    request.on('error', () => undefined)
    for (let sent = 0; sent < 10; sent += 1) request.write(Buffer.alloc(64_000))
    request.end()
    expect(await status).toBe(413)
  })
})

describe('an answer', () => {
  test('comes as it is, without what belongs to the connection or to nobody', async () => {
    upstream.script(
      answerBytes(Buffer.of(0, 255, 1), 201, {
        'content-type': 'application/octet-stream',
        'set-cookie': 'a=b',
        'keep-alive': 'timeout=9',
        connection: 'x-hop',
        'x-hop': '1',
        'x-request-id': 'req_1',
        'x-ratelimit-remaining-requests': '7',
        location: `${upstream.url}/team/v1/files/f-1?x=1`,
        'x-echo': `key ${keys.openai}`,
      }),
    )
    const response = await ask('/openai/v1/files/f/content')
    expect(response.status).toBe(201)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.of(0, 255, 1))
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({
      'content-length': '3',
      'content-type': 'application/octet-stream',
      'x-request-id': 'req_1',
      'x-ratelimit-remaining-requests': '7',
      location: `${gateway.url}/openai/v1/files/f-1?x=1`,
      'x-litellm-call-id': expect.any(String),
    })
    for (const name of ['set-cookie', 'x-hop', 'x-echo']) expect(headers).not.toHaveProperty([name])
  })

  test('to HEAD, and one without a body, has none', async () => {
    upstream.script(answerBytes('', 204))
    expect((await ask('/openai/v1/files/f', { method: 'DELETE' })).status).toBe(204)
    upstream.script((_, response) => void response.writeHead(200, { 'content-length': 5 }).end())
    const head = await ask('/openai/v1/files/f', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '5'])
  })

  test('streams, event by event, byte for byte', async () => {
    const frames = chatFrames({ texts: ['Hel', 'lo'] }, true)
    let more: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (more = resolve))
    upstream.script(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(frames[0])
      await gate
      response.end(frames.slice(1).join(''))
    })
    const before = await tokens('openai')
    const response = await gateway.post('/openai/v1/chat/completions', {
      model: 'gpt-4o',
      stream: true,
    })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(Buffer.from(first?.value ?? []).toString()).toBe(frames[0])
    more()
    let text = ''
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
      text += Buffer.from(read.value).toString()
    expect(text).toBe(frames.slice(1).join(''))
    await until(async () => (await tokens('openai')) === before + 7)
  })

  test('that refuses the request keeps its status and words, but for keys and addresses', async () => {
    const error = { message: `no ${keys.openai} at ${upstream.url}/team/v1/x`, odd: { a: 1 } }
    upstream.script(answerJson({ error }, 422))
    const response = await ask('/openai/v1/x')
    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({
      error: { message: `no [key] at ${gateway.url}/openai/v1/x`, odd: { a: 1 } },
    })
  })

  test('that refuses our key is none of the caller', async () => {
    upstream.script(answerError(401, { error: { message: 'Incorrect API key' } }))
    const response = await ask('/openai/v1/x')
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('upstream_refused_our_key')
    const other = await ask('/anthropic/v1/x')
    expect(await other.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } })
  })

  test('that breaks off is cut, never ended', async () => {
    const frames = chatFrames({}, false).join('')
    upstream.script(cutAfter(frames.length - 20, frames))
    const response = await ask('/openai/v1/x')
    await expect(response.text()).rejects.toThrow()
  })

  test('nobody waits for is ended', async () => {
    for (const behaviour of [hang, stall(['data: {}\n\n']), stall(['{'], 'application/json')]) {
      upstream.script(behaviour)
      const count = upstream.requests.length
      const controller = new AbortController()
      const asked = ask('/openai/v1/x', { signal: controller.signal })
        .then((response) => response.text())
        .catch((error: unknown) => error)
      await upstream.arrived(count + 1)
      controller.abort()
      await asked
      expect(await upstream.requests[count]?.ended).toBe('gone')
    }
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  })
})

describe('usage', () => {
  const cases = [
    ['openai', '/openai/v1/chat/completions', 'gpt-4o', answerChat(), 8, 5 * 0.001 + 3 * 0.002],
    [
      'anthropic',
      '/anthropic/v1/messages',
      'claude-x',
      answerJson({ type: 'message', usage: { input_tokens: 10, output_tokens: 5 } }),
      15,
      0.02,
    ],
    [
      'anthropic',
      '/anthropic/v1/messages',
      'claude-x',
      streamBytes([
        'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}\n\n',
        'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":5}}\n\n',
      ]),
      15,
      0.02,
    ],
    [
      'gemini',
      '/gemini/v1beta/models/gemini-x:generateContent',
      undefined,
      answerJson({ usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 } }),
      15,
      0.02,
    ],
    [
      'gemini',
      '/gemini/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
      undefined,
      streamBytes([
        'data: {"usageMetadata":{"promptTokenCount":10}}\r\n\r\ndata: {"usageMeta',
        'data":{"promptTokenCount":10,"candidatesTokenCount":5}}\r\n\r\n',
      ]),
      15,
      0.02,
    ],
    [
      'gemini',
      '/gemini/v1beta/models/gemini-x:streamGenerateContent',
      undefined,
      streamBytes(
        [
          '[{"usageMetadata":{"promptTokenCount":10}},',
          '{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5}}]',
        ],
        { contentType: 'application/json; charset=UTF-8' },
      ),
      15,
      0.02,
    ],
    [
      'cohere_chat',
      '/cohere/v2/chat',
      'command-x',
      answerJson({ usage: { billed_units: { input_tokens: 10, output_tokens: 5 }, tokens: {} } }),
      15,
      0.02,
    ],
    [
      'cohere_chat',
      '/cohere_chat/v2/chat',
      'command-x',
      streamBytes([
        'data: {"type":"message-end","delta":{"usage":{"billed_units":{"input_tokens":10,"output_tokens":5}}}}\n\n',
      ]),
      15,
      0.02,
    ],
  ] as const
  test.each(cases)(
    'at %s, %s, is counted and paid',
    async (provider, path, model, behaviour, all, cost) => {
      upstream.script(behaviour)
      const [tokensBefore, spendBefore] = [await tokens(provider), await spend(provider)]
      const response = await gateway.post(path, { model })
      await response.text()
      await until(async () => (await tokens(provider)) === tokensBefore + all)
      expect((await spend(provider)) - spendBefore).toBeCloseTo(cost, 6)
      const shown = response.headers.get('x-litellm-response-cost')
      if (response.headers.has('content-length')) expect(Number(shown)).toBeCloseTo(cost, 6)
    },
  )

  test('of what is asked for again is not', async () => {
    upstream.script(answerChat())
    const before = await tokens('openai')
    await (await ask('/openai/v1/responses/resp_1')).text()
    expect(await tokens('openai')).toBe(before)
  })

  test('is told under names that a caller cannot invent', async () => {
    upstream.script(answerChat())
    const response = await gateway.post('/openai/v1/chat/completions', { model: 'invented-model' })
    await response.text()
    const metrics = await (await gateway.get('/metrics')).text()
    expect(metrics).not.toContain('invented-model')
    expect(metrics).toContain('route="/openai/*"')
    const id = response.headers.get('x-litellm-call-id')
    const told = JSON.parse(await (await gateway.get(`/explain/${id}`)).text())
    expect(told.endpoint).toBe('pass-through')
  })
})

describe('who may not', () => {
  test.each([
    ['no key', {}, 401],
    ['a wrong key', { authorization: 'Bearer sk-wrong' }, 401],
  ])('%s', async (_, headers, status) => {
    const before = upstream.requests.length
    expect((await ask('/openai/v1/models', { headers })).status).toBe(status)
    expect(upstream.requests).toHaveLength(before)
  })

  test('anybody, where a gateway runs without keys', async () => {
    const open = await startGateway({
      config: {
        model_list: [
          {
            model_name: 'm',
            litellm_params: { model: 'openai/m', api_base: upstream.url, api_key: 'k' },
          },
        ],
      },
      env: {
        LITELLM_MASTER_KEY: '',
        LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true',
      },
    })
    const response = await fetch(`${open.url}/openai/v1/models`)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('open to the master key')
    await open.close()
  })

  test('a provider of which the module has no model', async () => {
    const response = await ask('/mistral/v1/models')
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('no model at mistral')
    expect((await ask('/nobody/v1/models')).status).toBe(404)
  })

  test('more than the quota of the deployment allows', async () => {
    await until(async () => (await ask('/groq/v1/models')).status === 429)
  })
})

describe('a path', () => {
  const key = () => `authorization: Bearer ${gateway.key}\r\nconnection: close\r\n`
  test.each([
    '/openai/../health',
    '/openai/v1/../../admin',
    '/openai/%2e%2e/%2e%2e/admin',
    '/openai/..%2f..%2fadmin',
    '/openai/%252e%252e/admin',
    '/openai/v1/..;/admin',
    '/openai/..\\admin',
    '/%6fpenai/v1/models',
    'http://169.254.169.254/openai/v1/models',
    '/openai/a%00b',
  ])('%s leads nowhere', async (path) => {
    const before = upstream.requests.length
    const answer = await sendRaw(gateway.port, `GET ${path} HTTP/1.1\r\nhost: h\r\n${key()}\r\n`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(upstream.requests).toHaveLength(before)
  })

  test('that looks like another host stays at the provider', async () => {
    await sendRaw(gateway.port, `GET /openai//evil.example/a HTTP/1.1\r\nhost: h\r\n${key()}\r\n`)
    expect(last()?.path).toBe('/team/v1//evil.example/a')
  })

  test('of a route with a name goes there', async () => {
    upstream.script(answerChat())
    const messages = [{ role: 'user', content: 'hi' }]
    const named = await gateway.post('/openai/deployments/my-gpt-4o/chat/completions', { messages })
    expect(named.status).toBe(200)
    expect(await named.json()).toMatchObject({ model: 'my-gpt-4o' })
    expect(last()?.path).toBe('/team/v1/chat/completions')
  })
})

describe('official clients', () => {
  test('OpenAI', async () => {
    upstream.script(streamBytes(chatFrames({ texts: ['Hi'] }, true)))
    const client = new OpenAI({
      baseURL: `${gateway.url}/openai/v1`,
      apiKey: gateway.key,
      maxRetries: 0,
    })
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Hi')
    upstream.script(answerJson({ object: 'list', data: [{ id: 'file-1' }] }))
    const { data } = await client.files.list()
    expect(data[0]?.id).toBe('file-1')
    upstream.script(answerError(404))
    await expect(client.files.retrieve('file-2')).rejects.toThrow(OpenAI.NotFoundError)
  })

  test('Anthropic', async () => {
    upstream.script(answerJson({ data: [], has_more: false }))
    const client = new Anthropic({
      baseURL: `${gateway.url}/anthropic`,
      apiKey: gateway.key,
      maxRetries: 0,
    })
    expect((await client.messages.batches.list()).data).toEqual([])
    expect(last()?.path).toContain('/v1/messages/batches')
    expect(last()?.headers['x-api-key']).toBe(keys.anthropic)
  })
})

describe("paths of the operator's own", () => {
  let own: TestGateway
  beforeAll(async () => {
    own = await startGateway({
      config: {
        model_list: [],
        general_settings: {
          pass_through_endpoints: [
            {
              path: '/bria',
              target: `${upstream.url}/engine/v2?plan=a`,
              headers: { api_token: 'os.environ/BRIA_KEY', 'x-plan': 'gold' },
              include_subpath: true,
              cost_per_request: 0.25,
            },
            {
              path: '/exact/one',
              target: `${upstream.url}/there`,
              headers: { Authorization: 'bearer os.environ/BRIA_KEY' },
            },
            { path: '/keyless', target: upstream.url, headers: { key: 'os.environ/NOBODY_SET' } },
          ],
        },
      },
      env: { BRIA_KEY: 'theirs-bria-key' },
    })
  })
  afterAll(() => own.close())

  test('lead where they say, with their headers and their price', async () => {
    const response = await own.post('/bria/text-to-image/base?b=1', { prompt: 'a cat' })
    expect(response.status).toBe(200)
    expect(last()?.path).toBe('/engine/v2/text-to-image/base?plan=a&b=1')
    expect(last()?.body.toString()).toBe('{"prompt":"a cat"}')
    expect(last()?.headers).toMatchObject({ api_token: 'theirs-bria-key', 'x-plan': 'gold' })
    expect(JSON.stringify(last()?.headers)).not.toContain(own.key)
    expect(response.headers.get('x-litellm-response-cost')).toBe('0.25')
    const metrics = await (await own.get('/metrics')).text()
    expect(metrics).toContain('route="/bria"')
  })

  test('take what stands behind them where they say so alone', async () => {
    expect((await own.get('/exact/one')).status).toBe(200)
    expect(last()?.path).toBe('/there')
    expect(last()?.headers.authorization).toBe('bearer theirs-bria-key')
    const before = upstream.requests.length
    expect((await own.get('/exact/one/more')).status).toBe(404)
    expect((await own.get('/exact')).status).toBe(404)
    expect((await own.get('/brian')).status).toBe(404)
    expect((await own.get('/bria/..%2f..%2fx')).status).toBe(400)
    expect(upstream.requests).toHaveLength(before)
  })

  test('hand out addresses that lead to them again', async () => {
    upstream.script(answerBytes('', 202, { location: `${upstream.url}/engine/v2/jobs/1` }))
    const response = await own.get('/bria/jobs')
    expect(response.headers.get('location')).toBe(`${own.url}/bria/jobs/1`)
  })

  test('take uploads, and want a key', async () => {
    const file = Buffer.alloc(2_000_000, 'a')
    const headers = { authorization: `Bearer ${own.key}`, 'content-type': 'image/png' }
    const sent = await fetch(`${own.url}/bria/up`, { method: 'PUT', headers, body: file })
    expect(sent.status).toBe(200)
    expect(last()?.body.equals(file)).toBe(true)
    expect((await fetch(`${own.url}/bria/up`)).status).toBe(401)
  })

  test('are left out where their key is missing', async () => {
    expect((await own.get('/keyless')).status).toBe(404)
    expect(own.log.join('\n')).toContain('/keyless is left out: a header of it is missing')
  })

  test('refuse in the words of their server, without its key', async () => {
    upstream.script(answerJson({ error: 'theirs-bria-key is odd', type: 'application/json' }, 400))
    const response = await own.get('/bria')
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ error: '[key] is odd', type: 'application/json' })
  })
})

test('the limits of the module hold here too', async () => {
  const limited = await startGateway({
    config: {
      model_list: [
        {
          model_name: 'm',
          litellm_params: { model: 'openai/m', api_base: `${upstream.url}/v1`, api_key: 'k' },
        },
      ],
      general_settings: { limits: { rpm_limit: 1 } },
    },
  })
  upstream.script(answerChat())
  const askLimited = () => limited.post('/openai/v1/chat/completions', { model: 'm' })
  expect((await askLimited()).status).toBe(200)
  const before = upstream.requests.length
  expect((await askLimited()).status).toBe(429)
  expect(upstream.requests).toHaveLength(before)
  await limited.close()
})

test('a pair of keys signs what is passed', async () => {
  const signed = await startGateway({
    config: {
      model_list: [
        {
          model_name: 'claude',
          litellm_params: {
            model: 'bedrock/anthropic.claude-x-v1:0',
            api_base: upstream.url,
            aws_access_key_id: 'AKIDEXAMPLE',
            aws_secret_access_key: 'os.environ/SECRET_OF_AWS',
            aws_region_name: 'eu-central-1',
            input_cost_per_token: 0.001,
          },
        },
      ],
    },
    env: { SECRET_OF_AWS: 'theirs-signing-secret' },
  })
  upstream.script(answerJson({ usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 } }))
  const path = '/bedrock/model/anthropic.claude-x-v1%3A0/converse'
  const response = await signed.post(path, { messages: [] })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-litellm-response-cost')).toBe('0.01')
  expect(last()?.path).toBe('/model/anthropic.claude-x-v1%3A0/converse')
  expect(last()?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
  )
  expect(last()?.headers).not.toHaveProperty(['x-api-key'])
  await signed.close()
})

test('a service account goes with its token', async () => {
  const tokensAt = await createFakeUpstream(
    answerJson({ access_token: 'ya29.t', expires_in: 3599 }),
  )
  const credentials = {
    type: 'authorized_user',
    client_id: 'i',
    client_secret: 's',
    refresh_token: 'r',
    token_uri: tokensAt.url,
  }
  const vertex = await startGateway({
    config: {
      model_list: [
        {
          model_name: 'flash',
          litellm_params: {
            model: 'vertex_ai/gemini-2.5-flash',
            api_base: `${upstream.url}/v1`,
            vertex_project: 'p',
            vertex_credentials: 'os.environ/GOOGLE_JSON',
          },
        },
      ],
    },
    env: { GOOGLE_JSON: JSON.stringify(credentials) },
  })
  const path =
    '/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:countTokens'
  expect((await vertex.post(`/vertex-ai${path}`, { contents: [] })).status).toBe(200)
  expect(last()?.path).toBe(path)
  expect(last()?.headers.authorization).toBe('Bearer ya29.t')
  await vertex.close()
  await tokensAt.close()
})
