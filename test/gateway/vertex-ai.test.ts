import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import {
  answerError,
  answerJson,
  createFakeUpstream,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
let upstream: FakeUpstream
let endpoint: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  endpoint = await createFakeUpstream()
})

beforeEach(async () => {
  await gateway?.close()
  upstream.script(answerJson(said))
  endpoint.script(answerJson({ access_token: 'ya29.first-token', expires_in: 3599 }))
  const account = JSON.stringify({
    type: 'service_account',
    project_id: 'p-1',
    client_email: 'robot@p-1.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${endpoint.url}/token`,
  })
  const entry = (model_name: string, model: string, order: number) => ({
    model_name,
    litellm_params: {
      model: `vertex_ai/${model}`,
      api_base: `${upstream.url}/v1`,
      vertex_credentials: 'os.environ/VERTEXAI_CREDENTIALS',
      vertex_location: 'europe-west4',
      order,
    },
  })
  gateway = await startGateway({
    env: { VERTEXAI_CREDENTIALS: account },
    config: {
      model_list: [
        entry('flash', 'gemini-2.5-flash', 1),
        entry('claude', 'claude-sonnet-4-5', 1),
        entry('saved', 'gemini-2.5-flash', 1),
        {
          model_name: 'saved',
          litellm_params: {
            model: 'gemini/gemini-2.5-flash',
            api_base: `${upstream.url}/v1beta`,
            api_key: 'AIza-test',
            order: 2,
          },
        },
      ],
      router_settings: { num_retries: 0 },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await endpoint.close()
})

const messages = [{ role: 'user' as const, content: 'Hi' }]
const said = {
  candidates: [{ content: { parts: [{ text: 'Hello.' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 1, totalTokenCount: 3 },
}
const place = '/v1/projects/p-1/locations/europe-west4/publishers'
const last = () => upstream.requests.at(-1)

test('a call carries a token that was asked for once, streamed or not', async () => {
  const askedBefore = endpoint.requests.length
  const ask = () => gateway.client.chat.completions.create({ model: 'flash', messages })
  const answers = await Promise.all([ask(), ask(), ask()])
  for (const { choices } of answers) expect(choices[0]?.message.content).toBe('Hello.')
  expect(last()).toMatchObject({
    path: `${place}/google/models/gemini-2.5-flash:generateContent`,
    headers: { authorization: 'Bearer ya29.first-token' },
  })
  upstream.script(streamBytes([`data: ${JSON.stringify(said)}\r\n\r\n`]))
  const stream = await gateway.client.chat.completions.create({
    model: 'flash',
    messages,
    stream: true,
  })
  const texts: string[] = []
  for await (const { choices } of stream) texts.push(choices[0]?.delta.content ?? '')
  expect(texts.join('')).toBe('Hello.')
  expect(last()?.headers.authorization).toBe('Bearer ya29.first-token')
  expect(endpoint.requests.slice(askedBefore)).toHaveLength(1)
  const form = new URLSearchParams(String(endpoint.requests.at(-1)?.body))
  expect(form.get('assertion')?.split('.')).toHaveLength(3)
})

test('a model of Anthropic is spoken to in its own words with the same token', async () => {
  upstream.script(
    answerJson({
      type: 'message',
      content: [{ type: 'text', text: 'Hi.' }],
      stop_reason: 'end_turn',
    }),
  )
  const { choices } = await gateway.client.chat.completions.create({ model: 'claude', messages })
  expect(choices[0]?.message.content).toBe('Hi.')
  expect(last()).toMatchObject({
    path: `${place}/anthropic/models/claude-sonnet-4-5:rawPredict`,
    headers: { authorization: 'Bearer ya29.first-token' },
  })
})

test('credentials that are refused are ours to mend, and named nowhere', async () => {
  endpoint.script(answerError(400, { error: 'invalid_grant', error_description: 'Invalid JWT' }))
  const answer = await gateway.post('/v1/chat/completions', { model: 'flash', messages })
  expect(answer.status).toBe(502)
  expect(await answer.json()).toMatchObject({
    error: { code: 'upstream_refused_our_key', message: expect.stringContaining('your own key') },
  })
  const seen = [...gateway.log, await (await gateway.get('/health')).text()].join('\n')
  expect(seen).not.toContain('PRIVATE KEY')
})

test('while no token comes the next deployment answers, and the first one rests', async () => {
  endpoint.script(answerError(400, { error: 'invalid_grant' }))
  const ask = async () => gateway.post('/v1/chat/completions', { model: 'saved', messages })
  expect((await ask()).status).toBe(200)
  expect(last()?.path).toMatch(/^\/v1beta\/models\//)
  const asked = endpoint.requests.length
  expect((await ask()).status).toBe(200)
  expect(endpoint.requests).toHaveLength(asked)
})

test('a token in no log, status or metric', async () => {
  await gateway.client.chat.completions.create({ model: 'flash', messages })
  const pages = await Promise.all(
    ['/metrics', '/health', '/config/status'].map(async (page) => (await gateway.get(page)).text()),
  )
  await until(() => gateway.log.length > 0)
  expect([...pages, ...gateway.log].join('\n')).not.toContain('ya29.')
})
