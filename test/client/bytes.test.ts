import { AzureOpenAI } from 'openai'
import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerBytes,
  answerChat,
  createFakeUpstream,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('m', upstream.url),
        deployment('same-name', upstream.url, { model: 'openai/same-name' }),
        deployment('with-defaults', upstream.url, {
          temperature: 0.25,
          max_tokens: 100,
          extra_body: { top_k: 5, seed: 7 },
          additional_drop_params: ['logit_bias'],
          extra_headers: { 'X-Team': 'blue' },
        }),
        deployment('any/*', upstream.url, { model: 'openai/*' }),
        deployment('llama-*', upstream.url, { model: 'openai/meta/llama-*-instruct' }),
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(answerChat()))

const path = '/v1/chat/completions'
const sent = () => upstream.requests.at(-1)?.body.toString()

describe('a request', () => {
  test('reaches the upstream byte for byte but for its model', async () => {
    const text =
      '{ "zeta" : 1.00 ,\n\t"model":"m", "messages":[ {"role":"user","content":"\\u00e9 é 😀 \\/"} ],"n":1e0,"future":{"b":[1,2,{}],"a":null},"ключ":true, "seed":12345678901234567890 }'
    await gateway.post(path, text)
    expect(sent()).toBe(text.replace('"model":"m"', '"model":"upstream-model"'))
  })

  test('is not touched at all where the names are the same', async () => {
    const text = '{"messages":[],"model" : "same-name","x":[ ]}'
    await gateway.post(path, text)
    expect(sent()).toBe(text)
  })

  test('gets defaults where the caller names none, and extra_body over it', async () => {
    await gateway.post(
      path,
      '{"model":"with-defaults","messages":[],"max_tokens":3,"seed":1,"logit_bias":{}}',
    )
    expect(JSON.parse(sent() ?? '')).toEqual({
      model: 'upstream-model',
      messages: [],
      temperature: 0.25,
      max_tokens: 3,
      top_k: 5,
      seed: 7,
    })
    expect(upstream.requests.at(-1)?.headers).toMatchObject({ 'x-team': 'blue' })
  })

  test('loses the fields that steer the gateway, and keeps the rest as it was', async () => {
    await gateway.post(
      path,
      '{"model":"m", "tags":["a"],"user":"u" ,"metadata":{"a":1},"num_retries":2,"cache":{},"fallbacks":[],"litellm_call_id":"x","messages":[],"mock_response":"no"}',
    )
    expect(sent()).toBe('{"model":"upstream-model","user":"u","messages":[]}')
  })

  test('never carries the caller’s own key or headers', async () => {
    await gateway.post(path, { model: 'm', messages: [] }, { 'x-secret': '1', cookie: 'a=b' })
    const headers = upstream.requests.at(-1)?.headers ?? {}
    expect(JSON.stringify(headers)).not.toContain(gateway.key)
    expect(headers).not.toHaveProperty('x-secret')
    expect(headers).not.toHaveProperty('cookie')
    expect(headers.authorization).toBe('Bearer none')
  })

  test.each([
    ['any/vendor/x', 'vendor/x'],
    ['any/', ''],
    ['llama-3.1-8b', 'meta/llama-3.1-8b-instruct'],
  ])('for %s a wildcard asks %s', async (model, upstreamModel) => {
    const answer = await gateway.post(path, { model, messages: [] })
    expect(JSON.parse(sent() ?? '')).toMatchObject({ model: upstreamModel })
    expect(await answer.json()).toMatchObject({ model })
  })
})

describe('an answer', () => {
  test('comes back byte for byte but for its model', async () => {
    const body =
      '{ "id":"x", "model" : "upstream-model","choices":[ {"n":1.0,"future":[{}]} ],\n"x_vendor":{"model":"stays"},"usage":null }'
    upstream.script(answerBytes(body, 200, { 'content-type': 'application/json' }))
    const answer = await gateway.post(path, { model: 'm', messages: [] })
    expect(await answer.text()).toBe(body.replace('"upstream-model"', '"m"'))
    expect(answer.headers.get('x-litellm-model-group')).toBe('m')
    expect(answer.headers.get('x-litellm-model-api-base')).toBe(`${upstream.url}/v1`)
    expect(answer.headers.get('x-litellm-call-id')).toMatch(/^[\da-f-]{36}$/)
  })

  test('streams byte for byte but for its model, unknown events among them', async () => {
    const frames = [
      ': hello\n\n',
      'data: {"model": "u", "choices": [{"delta": {"content": "a"}, "x": 1.0}]}\n\n',
      'event: vendor\ndata: {"model": "u", "choices": [], "vendor": [ ]}\n\n',
      'data: {"model": "u", "choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n',
      'data: [DONE]\n\n',
    ]
    upstream.script(streamBytes(frames, { delayMs: 5 }))
    const answer = await gateway.post(path, { model: 'm', messages: [], stream: true })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    expect(await answer.text()).toBe(frames.join('').replaceAll('"u"', '"m"'))
  })

  test("carries the caller's own call id", async () => {
    const answer = await gateway.post(
      path,
      { model: 'm', messages: [] },
      { 'x-litellm-call-id': 'mine-1' },
    )
    expect(answer.headers.get('x-litellm-call-id')).toBe('mine-1')
    const odd = await gateway.post(
      path,
      { model: 'm', messages: [] },
      { 'x-litellm-call-id': 'a b' },
    )
    expect(odd.headers.get('x-litellm-call-id')).not.toBe('a b')
  })
})

describe('paths', () => {
  test.each([
    '/chat/completions',
    '/v1/chat/completions',
    '/engines/m/chat/completions',
    '/v1/engines/m/chat/completions',
    '/openai/deployments/m/chat/completions',
    '/openai/deployments/m/chat/completions?api-version=2024-06-01',
    '/engines/any%2Fvendor%2Fx/chat/completions',
  ])('%s', async (at) => {
    const answer = await gateway.post(at, {
      messages: [],
      ...(!/\/m\/|any/.test(at) && { model: 'm' }),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ model: at.includes('any') ? 'any/vendor/x' : 'm' })
  })

  test('the Azure client finds its way', async () => {
    const client = new AzureOpenAI({
      endpoint: gateway.url,
      apiKey: gateway.key,
      apiVersion: '2024-06-01',
      deployment: 'm',
    })
    const answer = await client.chat.completions.create({ model: '', messages: [] })
    expect(answer.model).toBe('m')
  })
})

describe('keys', () => {
  test.each([
    ['authorization', 'Bearer '],
    ['authorization', 'bearer   '],
    ['x-api-key', ''],
    ['api-key', ''],
    ['x-goog-api-key', ''],
    ['x-litellm-api-key', ''],
    ['x-litellm-api-key', 'Bearer '],
  ])('%s: %s<key>', async (name, before) => {
    const answer = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [name]: before + gateway.key },
      body: '{"model":"m","messages":[]}',
    })
    expect(answer.status).toBe(200)
  })
})

describe('the Anthropic client', () => {
  const client = () => new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 })
  const ask = (model: string) =>
    client().messages.create({ model, max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] })

  test('raises NotFoundError in its own envelope for an unknown model', async () => {
    const error: unknown = await ask('nobody').catch((thrown: unknown) => thrown)
    if (!(error instanceof Anthropic.NotFoundError)) throw error
    expect(error.error).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', message: expect.stringContaining('model=nobody') },
    })
  })

  test('raises NotFoundError for a model that is not there', async () => {
    const error: unknown = await ask('nowhere').catch((thrown: unknown) => thrown)
    if (!(error instanceof Anthropic.NotFoundError)) throw error
    expect(error.error).toMatchObject({ error: { message: expect.stringContaining('nowhere') } })
  })

  test('raises AuthenticationError for a wrong key', async () => {
    const wrong = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-no', maxRetries: 0 })
    const asked = wrong.messages.create({ model: 'm', max_tokens: 1, messages: [] })
    await expect(asked).rejects.toThrow(Anthropic.AuthenticationError)
  })
})
