import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerBytes,
  answerChat,
  answerError,
  answerJson,
  createFakeUpstream,
  hang,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const png = Buffer.from('\x89PNG\r\n\x1a\n and a picture', 'latin1')
const pdf = Buffer.from('%PDF-1.7 and a page')

let files: FakeUpstream
let upstream: FakeUpstream
let hidden: Server
let gateway: TestGateway
let guarded: TestGateway

const told = { message: { role: 'assistant', content: 'A cat.' }, done: true, done_reason: 'stop' }

const models = () => [
  { model_name: 'ollama', litellm_params: { model: 'ollama_chat/x', api_base: upstream.url } },
  {
    model_name: 'claude',
    litellm_params: { model: 'anthropic/claude-sonnet-4-5', api_base: upstream.url, api_key: 'k' },
  },
  {
    model_name: 'gemini',
    litellm_params: { model: 'gemini/gemini-2.5-flash', api_base: upstream.url, api_key: 'k' },
  },
  {
    model_name: 'twice',
    litellm_params: { model: 'ollama_chat/x', api_base: upstream.url, num_retries: 1 },
  },
  deployment('plain', upstream.url),
]

beforeAll(async () => {
  files = await createFakeUpstream()
  upstream = await createFakeUpstream()
  // Listens where the gateway may not ask.
  hidden = createServer((_, response) => response.end('secret')).listen(0, '127.0.0.2')
  await once(hidden, 'listening')
  gateway = await startGateway({
    config: {
      model_list: models(),
      general_settings: {
        url_fetch: { allow_private: ['127.0.0.1'], max_size_mb: 0.1, timeout: 1 },
        max_request_size_mb: 0.25,
      },
    },
  })
  guarded = await startGateway({ config: { model_list: models() } })
})
afterAll(async () => {
  await gateway.close()
  await guarded.close()
  await files.close()
  await upstream.close()
  hidden.close()
})
beforeEach(() => {
  files.script(answerBytes(png, 200, { 'content-type': 'image/png' }))
  upstream.script(answerJson(told))
})

const picture = (url: string) => ({ type: 'image_url', image_url: { url } })
const chatOf = (...parts: readonly unknown[]) => ({
  model: 'ollama',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...parts] }],
})

const sent = () => JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '')

interface Refusal {
  readonly status: number
  readonly error: { readonly message: string; readonly param: string; readonly code: string }
}

async function refusal(body: unknown, at = '/v1/chat/completions', by = gateway): Promise<Refusal> {
  const before = upstream.requests.length
  const response = await by.post(at, body)
  const { error }: Pick<Refusal, 'error'> = JSON.parse(await response.text())
  expect(upstream.requests).toHaveLength(before)
  return { status: response.status, error }
}

describe('a picture by its address', () => {
  test('goes to Ollama as base64', async () => {
    const response = await gateway.post(
      '/v1/chat/completions',
      chatOf(picture(`${files.url}/cat.png`)),
    )
    expect(response.status).toBe(200)
    expect(sent().messages[0].images).toEqual([png.toString('base64')])
  })

  test('is fetched once, however often it is named and tried', async () => {
    upstream.script([answerError(500), answerJson(told)])
    const url = `${files.url}/once.png`
    const before = files.requests.length
    const body = { ...chatOf(picture(url), picture(url)), model: 'twice' }
    expect((await gateway.post('/v1/chat/completions', body)).status).toBe(200)
    expect(sent().messages[0].images).toHaveLength(2)
    expect(files.requests).toHaveLength(before + 1)
  })

  test('by http goes to Anthropic and Gemini in base64, who read https alone', async () => {
    const url = `${files.url}/cat.png`
    upstream.script(
      answerJson({
        type: 'message',
        content: [{ type: 'text', text: 'a' }],
        stop_reason: 'end_turn',
      }),
    )
    await gateway.post('/v1/chat/completions', { ...chatOf(picture(url)), model: 'claude' })
    const source = { type: 'base64', media_type: 'image/png', data: png.toString('base64') }
    expect(sent().messages[0].content[1]).toEqual({ type: 'image', source })
    upstream.script(answerJson({ candidates: [{ content: { parts: [{ text: 'a' }] } }] }))
    await gateway.post('/v1/chat/completions', { ...chatOf(picture(url)), model: 'gemini' })
    const inlineData = { mimeType: 'image/png', data: png.toString('base64') }
    expect(sent().contents[0].parts[1]).toEqual({ inlineData })
  })

  test('by https is left to those who read it', async () => {
    const url = 'https://files.example/cat.png'
    upstream.script(
      answerJson({
        type: 'message',
        content: [{ type: 'text', text: 'a' }],
        stop_reason: 'end_turn',
      }),
    )
    await gateway.post('/v1/chat/completions', { ...chatOf(picture(url)), model: 'claude' })
    expect(sent().messages[0].content[1].source).toEqual({ type: 'url', url })
    upstream.script(answerJson({ candidates: [{ content: { parts: [{ text: 'a' }] } }] }))
    await gateway.post('/v1/chat/completions', { ...chatOf(picture(url)), model: 'gemini' })
    expect(sent().contents[0].parts[1].fileData.fileUri).toBe(url)
  })

  test('passes as it came to a server that speaks OpenAI', async () => {
    upstream.script(answerChat())
    const before = files.requests.length
    const part = picture(`${files.url}/cat.png`)
    await gateway.post('/v1/chat/completions', { ...chatOf(part), model: 'plain' })
    expect(sent().messages[0].content[1]).toEqual(part)
    expect(files.requests).toHaveLength(before)
  })
})

describe('other faces', () => {
  test('Messages: pictures, documents, and pictures in the answers of tools', async () => {
    files.script([answerBytes(png), answerBytes(png)])
    const response = await gateway.post('/v1/messages', {
      model: 'ollama',
      max_tokens: 10,
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'url', url: `${files.url}/a.png` } }],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: {} }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't',
              content: [{ type: 'image', source: { type: 'url', url: `${files.url}/b.png` } }],
            },
          ],
        },
      ],
    })
    expect(response.status).toBe(200)
    const images = sent().messages.flatMap(
      (message: { images?: unknown[] }) => message.images ?? [],
    )
    expect(images).toEqual([png.toString('base64'), png.toString('base64')])
  })

  test('Responses: a document for Gemini', async () => {
    files.script(answerBytes(pdf))
    upstream.script(answerJson({ candidates: [{ content: { parts: [{ text: 'a' }] } }] }))
    const file = { type: 'input_file', file_url: `${files.url}/a.pdf` }
    const input = [{ role: 'user', content: [{ type: 'input_text', text: 'Read.' }, file] }]
    expect((await gateway.post('/v1/responses', { model: 'gemini', input })).status).toBe(200)
    const inlineData = { mimeType: 'application/pdf', data: pdf.toString('base64') }
    expect(sent().contents[0].parts[1]).toEqual({ inlineData })
  })

  test('what is wrong is told by the words of the caller', async () => {
    files.script(answerError(404))
    const url = `${files.url}/missing.png`
    const source = { type: 'url', url }
    const messages = [{ role: 'user', content: [{ type: 'image', source }] }]
    const said = await refusal({ model: 'ollama', max_tokens: 10, messages }, '/v1/messages')
    expect(said.error.message).toMatch(/^'messages\[0\]\.content\[0\]\.source\.url' leads to/)
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }]
    const other = await refusal({ model: 'ollama', input }, '/v1/responses')
    expect(other.error.param).toBe('input[0].content[0].image_url')
  })
})

describe('what is not fetched', () => {
  const path = 'messages[0].content[1].image_url.url'
  const hint = 'Correct the address, or send the file inside the request, as data:<type>;base64,…'

  test('a private address that no setting lets through', async () => {
    const { status, error } = await refusal(chatOf(picture(`${files.url}/a`)), undefined, guarded)
    expect({ status, code: error.code, param: error.param }).toEqual({
      status: 400,
      code: 'invalid_request',
      param: path,
    })
    expect(error.message).toBe(
      `'${path}' leads to a private or reserved address, which this gateway does not ask unless general_settings.url_fetch.allow_private names it. ${hint}`,
    )
  })

  test.each(['http://127.0.0.2/', 'http://169.254.169.254/latest/meta-data/', 'http://[::1]/'])(
    '%s, directly and by a redirect',
    async (url) => {
      expect((await refusal(chatOf(picture(url)))).error.message).toContain('private or reserved')
      files.script(answerBytes('', 302, { location: url }))
      const { error } = await refusal(chatOf(picture(`${files.url}/hop`)))
      expect(error.message).toContain('private or reserved')
    },
  )

  test('something that is no picture', async () => {
    files.script(answerBytes('<html>', 200, { 'content-type': 'image/png' }))
    const { error } = await refusal(chatOf(picture(`${files.url}/a`)))
    expect(error.message).toBe(
      `'${path}' leads to something else, where a picture (PNG, JPEG, GIF, WebP …) is expected. ${hint}`,
    )
    files.script(answerBytes(pdf))
    expect((await refusal(chatOf(picture(`${files.url}/a`)))).error.message).toContain(
      'leads to application/pdf',
    )
  })

  test('more than a file, or a request, may have', async () => {
    files.script(answerBytes(Buffer.concat([png, Buffer.alloc(120_000)])))
    const { error } = await refusal(chatOf(picture(`${files.url}/a`)))
    expect(error.message).toContain('is larger than 0.1 MiB')
    files.script(answerBytes(Buffer.concat([png, Buffer.alloc(90_000)])))
    const parts = ['a', 'b', 'c', 'd'].map((name) => picture(`${files.url}/${name}`))
    const all = await refusal(chatOf(...parts))
    expect(all).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })

  test('a body that drips', async () => {
    files.script(hang)
    const { error } = await refusal(chatOf(picture(`${files.url}/a`)))
    expect(error.message).toContain('did not send the file within 1 s')
  })

  test('more addresses than a request may have', async () => {
    const parts = Array.from({ length: 33 }, (_, index) => picture(`${files.url}/${index}`))
    const before = files.requests.length
    expect((await refusal(chatOf(...parts))).error.message).toContain('more than 32 addresses')
    expect(files.requests.length - before).toBeLessThanOrEqual(32)
  })
})

test('several files come at once, four at most', async () => {
  let open = 0
  let most = 0
  files.script(async ({ path }, response) => {
    // One of a test before may still come in.
    if (path.startsWith('/many/')) {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setTimeout(resolve, 30))
      open -= 1
    }
    response.end(png)
  })
  const parts = Array.from({ length: 8 }, (_, index) => picture(`${files.url}/many/${index}`))
  expect((await gateway.post('/v1/chat/completions', chatOf(...parts))).status).toBe(200)
  expect(sent().messages[0].images).toHaveLength(8)
  expect(most).toBe(4)
})

test('a caller that leaves ends what is being fetched for it', async () => {
  files.script(hang)
  const count = files.requests.length
  const controller = new AbortController()
  const asked = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(chatOf(picture(`${files.url}/a`), picture(`${files.url}/b`))),
    signal: controller.signal,
  }).catch((error: unknown) => error)
  await files.arrived(count + 2)
  controller.abort()
  await asked
  for (const seen of files.requests.slice(count)) expect(await seen.ended).toBe('gone')
  await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
})

test('no address is logged with its query', async () => {
  files.script(answerError(500))
  await refusal(chatOf(picture(`${files.url}/a?signature=top-secret`)))
  expect(gateway.log.join('\n')).not.toContain('top-secret')
})

test('without it a dialect says what it takes', async () => {
  const off = await startGateway({
    config: { model_list: models(), general_settings: { url_fetch: { enabled: false } } },
  })
  const { error } = await refusal(chatOf(picture(`${files.url}/a`)), undefined, off)
  expect(error.message).toContain('takes pictures only inside the request')
  await off.close()
})
