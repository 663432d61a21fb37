import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'
import { sendRaw } from '../doubles/raw-http.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({
    config: {
      module: 'llm',
      endpoints: ['chat-completions', 'completions', 'audio-transcriptions', 'images-edits'],
      fleet: [
        { module: 'llm', port: 30100, endpoints: ['chat-completions'] },
        { module: 'embeddings', port: 30500, endpoints: ['embeddings'] },
      ],
      model_list: [deployment('qwen', upstream.url), deployment('llama', upstream.url)],
      general_settings: { max_request_size_mb: 1, max_file_size_mb: 1 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const chat = '/v1/chat/completions'
const good = { model: 'qwen', messages: [{ role: 'user', content: 'hi' }] }

// Whatever was sent before, the next honest request is answered.
afterEach(async () => {
  expect((await gateway.post(chat, good)).status).toBe(200)
})

interface Envelope {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

async function errorOf(response: Response): Promise<Envelope['error']> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const text = await response.text()
  expect(text).not.toMatch(/\.ts:\d|node_modules|at \w+ \(/)
  const body: Envelope = JSON.parse(text)
  expect(Object.keys(body)).toEqual(['error'])
  expect(Object.keys(body.error).toSorted()).toEqual(['code', 'message', 'param', 'type'])
  return body.error
}

describe('keys', () => {
  const headers: Record<string, Record<string, string>> = {
    'no key': {},
    'a wrong key': { authorization: 'Bearer sk-wrong' },
    'a key that begins right': { authorization: 'Bearer sk-' },
    'another scheme': { authorization: 'Basic c2stOng=' },
    'a scheme without a key': { authorization: 'Bearer ' },
    'an empty carrier': { 'x-api-key': '' },
    'a key of another shape': { 'api-key': '\u00e9'.repeat(300) },
  }
  test.each(Object.entries(headers))('%s is a 401', async (_, shown) => {
    const response = await fetch(gateway.url + chat, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...shown },
      body: JSON.stringify(good),
    })
    expect(response.status).toBe(401)
    expect(await errorOf(response)).toMatchObject({
      type: 'authentication_error',
      code: 'invalid_api_key',
      message: expect.stringMatching(/key/i),
    })
  })

  test('the client raises an AuthenticationError', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-no', maxRetries: 0 })
    await expect(client.chat.completions.create({ model: 'qwen', messages: [] })).rejects.toThrow(
      OpenAI.AuthenticationError,
    )
  })

  test('a wrong key is told so at the model list too, no key is not', async () => {
    const wrong = await gateway.get('/v1/models', { authorization: 'Bearer sk-wrong' })
    expect(wrong.status).toBe(401)
    expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(200)
  })

  test('nothing is said of a body before the key is right', async () => {
    const response = await gateway.post(chat, 'not json', { authorization: 'Bearer sk-wrong' })
    expect(response.status).toBe(401)
  })
})

describe('names', () => {
  test('an unknown model is a 404 that names the nearest', async () => {
    const response = await gateway.post(chat, { ...good, model: 'quen' })
    expect(response.status).toBe(404)
    const error = await errorOf(response)
    expect(error).toMatchObject({
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
    })
    expect(error.message).toMatch(/^Invalid model name passed in model=quen\. .*qwen/)
  })

  test('a model name of any length and script comes back short', async () => {
    for (const model of ['x'.repeat(100_000), '\u0000\u202e"<b>', '模型', ' ', 'constructor']) {
      const response = await gateway.post(chat, { ...good, model })
      expect(response.status).toBe(404)
      expect((await errorOf(response)).message.length).toBeLessThan(400)
    }
  })

  test("another module's endpoint is a 404 that names module and port", async () => {
    for (const at of ['/v1/embeddings', '/embeddings']) {
      const response = await gateway.post(at, { model: 'qwen', input: 'a' })
      expect(response.status).toBe(404)
      expect(await errorOf(response)).toMatchObject({
        code: 'endpoint_not_offered',
        message: expect.stringMatching(/embeddings.*30500/),
      })
    }
  })

  test('an endpoint nobody serves names what is served', async () => {
    const response = await gateway.post('/v1/audio/speech', { model: 'qwen', input: 'a' })
    expect(response.status).toBe(404)
    expect((await errorOf(response)).message).toContain('/v1/chat/completions')
  })

  test('a path nobody knows is a 404', async () => {
    for (const at of ['/', '/v1', '/v1/nothing', '/v1/chat/completions/', '/%zz', '/v1//models']) {
      const response = await gateway.post(at, good)
      expect([400, 404]).toContain(response.status)
      await errorOf(response)
    }
  })

  test('the wrong method is a 405', async () => {
    const response = await gateway.get(chat)
    expect(response.status).toBe(405)
    expect(await errorOf(response)).toMatchObject({ code: 'method_not_allowed' })
    const put = await fetch(`${gateway.url}/v1/models`, { method: 'DELETE' })
    expect(put.status).toBe(405)
    await errorOf(put)
  })
})

describe('bodies', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const bodies: [string, string | Uint8Array, RegExp][] = [
    ['empty', '', /no body/],
    ['not JSON', 'hello', /not JSON/],
    ['half of JSON', '{"model":"qwen","messages":[', /not JSON/],
    ['JSON and more', '{"model":"qwen","messages":[]} x', /not JSON/],
    ['a byte order mark before it', '\ufeff{"model":"qwen","messages":[]}', /not JSON/],
    ['a list', '[]', /found a list/],
    ['null', 'null', /found null/],
    ['a text', '"model"', /found a string/],
    ['a number', '1', /found a number/],
    ['nested too deep', `{"model":"qwen","messages":${nested(500)}}`, /nested deeper/],
    ['nested absurdly', nested(400_000), /found a list|not JSON|nested deeper/],
    ['a key twice', '{"model":"qwen","model":"llama","messages":[]}', /"model" stands twice/],
    [
      'a key twice, once escaped',
      '{"model":"qwen","mod\\u0065l":"llama","messages":[]}',
      /"model" stands twice/,
    ],
    ['no UTF-8', Buffer.from('{"model":"qwen","messages":["\xff\xfe"]}', 'latin1'), /UTF-8/],
    ['no model', '{"messages":[]}', /'model'/],
    ['an empty model', '{"model":"","messages":[]}', /'model'/],
    ['a model that is a number', '{"model":3,"messages":[]}', /'model'.*model name/],
    ['a model that is null', '{"model":null,"messages":[]}', /'model'/],
    ['no messages', '{"model":"qwen"}', /'messages'/],
    ['messages that are null', '{"model":"qwen","messages":null}', /'messages'/],
    ['messages that are a text', '{"model":"qwen","messages":"hi"}', /'messages'.*list/],
    ['stream: "yes"', '{"model":"qwen","messages":[],"stream":"yes"}', /stream/],
    ['stream: 1', '{"model":"qwen","messages":[],"stream":1}', /stream/],
  ]
  test.each(bodies)('%s is a 400 that says what is wrong', async (_, body, words) => {
    const response = await fetch(gateway.url + chat, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: Buffer.from(body),
    })
    expect(response.status).toBe(400)
    const error = await errorOf(response)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request' })
    expect(error.message).toMatch(words)
  })

  test('a prompt is never quoted in the answer to broken JSON', async () => {
    const response = await gateway.post(chat, '{"messages":"my secret diary" oops}')
    expect((await errorOf(response)).message).not.toContain('secret')
  })

  test.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['multipart/form-data; boundary=x', {}],
    ['nonsense', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('content type %s %o is a 415', async (type, more) => {
    const response = await gateway.post(chat, good, { 'content-type': type, ...more })
    expect(response.status).toBe(415)
    expect(await errorOf(response)).toMatchObject({ code: 'unsupported_media_type' })
  })

  test.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.x+json'])(
    'content type %s is taken',
    async (type) => {
      expect((await gateway.post(chat, good, { 'content-type': type })).status).toBe(200)
    },
  )
})

describe('size', () => {
  const large = { ...good, messages: [{ role: 'user' as const, content: 'x'.repeat(8_000_000) }] }

  test('the client sees a 413 while it still uploads', async () => {
    const asked = gateway.client.chat.completions.create(large)
    await expect(asked).rejects.toMatchObject({ status: 413, code: 'request_too_large' })
    await expect(asked).rejects.toThrow(OpenAI.APIError)
  })

  test('a chunked body without a length is cut off at the limit', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"model":"qwen","messages":["')
      for (let count = 0; count < 200; count += 1) yield Buffer.alloc(64 * 1024, 0x78)
    }
    const response = await fetch(gateway.url + chat, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: ReadableStream.from(endless()),
      duplex: 'half',
    })
    expect(response.status).toBe(413)
    expect(await errorOf(response)).toMatchObject({ code: 'request_too_large' })
  })

  test('one who announces too much and writes it before reading still reads a 413', async () => {
    const body = JSON.stringify(large)
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
    const answer = await sendRaw(gateway.port, [head, body])
    expect(answer.status).toBe(413)
  })

  test('one who sends without end is cut off after its 413', async () => {
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n`
    const answer = await sendRaw(gateway.port, [head, 'x'.repeat(100_000)], 8_000)
    expect(answer.status).toBe(413)
  })

  test('one without a key who uploads much reads its 401', async () => {
    const body = JSON.stringify(large)
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
    const answer = await sendRaw(gateway.port, [head, body])
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
  })
})

describe('forms', () => {
  const at = '/v1/audio/transcriptions'
  const boundary = 'BOUNDARY'
  const part = (name: string, value: string, more = '') =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const file = (size: number) => part('file', 'x'.repeat(size), '; filename="a.wav"')
  const model = part('model', 'qwen')
  const end = `--${boundary}--\r\n`
  const form = `multipart/form-data; boundary=${boundary}`
  const tooMany = Array.from({ length: 400 }, (_, count) => part(`f${count}`, 'v')).join('')
  const manyFiles = Array.from({ length: 40 }, (_, count) =>
    part(`file${count}`, 'v', '; filename="a"'),
  ).join('')
  const forms: [string, string, string, number, RegExp][] = [
    ['no boundary', 'multipart/form-data', model + file(10) + end, 400, /boundary/],
    ['another boundary', 'multipart/form-data; boundary=other', model + end, 400, /malformed/],
    ['an empty body', form, '', 400, /malformed/],
    ['a cut between parts', form, model, 400, /malformed/],
    ['a cut in the file, model first', form, model + file(9).slice(0, -4), 400, /malformed/],
    ['a cut in the file, file first', form, file(9).slice(0, -4), 400, /malformed/],
    ['a cut in a large file', form, file(900_000).slice(0, -4), 400, /malformed/],
    ['no file', form, model + end, 400, /'file'/],
    ['no model', form, file(10) + end, 400, /'model'/],
    ['too many parts', form, tooMany + model + file(10) + end, 400, /too many parts/],
    ['too many files', form, manyFiles + end, 400, /too many parts/],
    [
      'a file too large, model first',
      form,
      model + file(2_000_000) + end,
      413,
      /larger than 1 MiB/,
    ],
    ['a file too large, file first', form, file(2_000_000) + model + end, 413, /larger than 1 MiB/],
    [
      'a field too large',
      form,
      part('prompt', 'x'.repeat(1_100_000)) + end,
      413,
      /larger than 1 MiB/,
    ],
    ['an unknown model', form, part('model', 'no') + file(10) + end, 404, /^Invalid model name/],
    ['JSON', 'application/json', JSON.stringify(good), 415, /multipart/],
  ]
  test.each(forms)('%s', async (_, type, body, status, words) => {
    const response = await gateway.post(at, body, { 'content-type': type })
    expect(response.status).toBe(status)
    expect((await errorOf(response)).message).toMatch(words)
  })

  test('an unfinished form that ends its connection leaves nothing behind', async () => {
    const head = `POST ${at} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: ${form}\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n`
    for (const beginning of [model + file(99).slice(0, -9), file(99).slice(0, -9), model]) {
      await expect(sendRaw(gateway.port, head + beginning, 100)).rejects.toThrow('still open')
    }
    await expect.poll(() => gateway.metric('litellm_in_flight_requests')).toBe(0)
  })

  test('pictures: no prompt, no image', async () => {
    for (const [body, missing] of [
      [model + part('prompt', 'p') + end, 'image'],
      [model + part('image', 'x', '; filename="a.png"') + end, 'prompt'],
    ] as const) {
      const response = await gateway.post('/v1/images/edits', body, { 'content-type': form })
      expect(response.status).toBe(400)
      expect(await errorOf(response)).toMatchObject({ param: missing })
    }
  })
})

describe('hostile bytes', () => {
  const auth = () => `authorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\n`
  const body = JSON.stringify(good)
  const smuggled = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'
  const cases: [string, () => string][] = [
    [
      'both a length and chunks',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'two lengths',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length: ${body.length}\r\ncontent-length: 0\r\n\r\n${body}`,
    ],
    [
      'two lengths in one',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length: ${body.length}, 0\r\n\r\n${body}`,
    ],
    [
      'a negative length',
      () => `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length: -1\r\n\r\n${body}`,
    ],
    [
      'an unknown transfer encoding',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a header with a space before its colon',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length : ${body.length}\r\n\r\n${body}`,
    ],
    [
      'a folded header',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'a bare line feed',
      () => `POST ${chat} HTTP/1.1\nhost: x\n${auth()}content-length: 0\n\n${smuggled}`,
    ],
    [
      'a bare carriage return',
      () => `POST ${chat} HTTP/1.1\r\nhost: x\rx-a: b\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'a null byte in a header',
      () => `POST ${chat} HTTP/1.1\r\nhost: x\r\nx-a: \0\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'headers of 100 kB',
      () => `GET /v1/models HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(100_000)}\r\n\r\n`,
    ],
    ['a path of 100 kB', () => `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    [
      'a chunk size that is no number',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ],
    [
      'a chunk size beyond all numbers',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n`,
    ],
    [
      'a chunk longer than it says',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}transfer-encoding: chunked\r\n\r\n2\r\n{}{}{}\r\n0\r\n\r\n`,
    ],
    ['no HTTP at all', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['another protocol', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a version nobody has', () => 'GET /v1/models HTTP/9.9\r\nhost: x\r\n\r\n'],
    ['no host', () => 'GET /v1/models HTTP/1.1\r\n\r\n'],
    [
      'an unknown expectation',
      () =>
        `POST ${chat} HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    ],
  ]
  test.each(cases)('%s is refused and the connection closed', async (_, bytes) => {
    const seen = upstream.requests.length
    const answer = await sendRaw(gateway.port, bytes())
    expect(upstream.requests).toHaveLength(seen)
    expect(answer.text.match(/HTTP\/1\.1 /g) ?? []).toHaveLength(1)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    const envelope: Envelope = JSON.parse(answer.body)
    expect(envelope.error).toMatchObject({ type: 'invalid_request_error' })
  })

  test('two requests in one packet are two answers', async () => {
    const first = `POST ${chat} HTTP/1.1\r\nhost: x\r\n${auth()}content-length: ${body.length}\r\n\r\n${body}`
    const second = 'GET /health/liveliness HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'
    const answer = await sendRaw(gateway.port, first + second)
    expect(answer.text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  })
})
