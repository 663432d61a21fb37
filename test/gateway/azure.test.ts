import type OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import {
  answerChat,
  answerEmbeddings,
  answerError,
  createFakeUpstream,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway | undefined

beforeAll(async () => {
  upstream = await createFakeUpstream()
})
afterAll(() => upstream.close())
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  upstream.script(answerChat())
})

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hi' }]

/** What reached the upstream last, for a deployment written like this. */
async function sent(params: Record<string, unknown>, env: Record<string, string> = {}) {
  gateway = await startGateway({
    config: { model_list: [{ model_name: 'm', litellm_params: params }] },
    env,
  })
  const answer = await gateway.client.chat.completions.create({ model: 'm', messages })
  expect(answer.model).toBe('m')
  const seen = upstream.requests.at(-1)
  return { path: seen?.path, key: seen?.headers['api-key'], bearer: seen?.headers.authorization }
}

test('the deployment stands in the path, the version behind it, the key in api-key', async () => {
  const api_base = upstream.url
  const params = { model: 'azure/my gpt', api_base, api_key: 'k', api_version: '2024-10-21' }
  expect(await sent(params)).toEqual({
    path: '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21',
    key: 'k',
    bearer: undefined,
  })
})

test('address, key and version come from the environment where the file has none', async () => {
  const env = {
    AZURE_API_BASE: upstream.url,
    AZURE_API_KEY: 'from-env',
    AZURE_API_VERSION: '2025-01-01-preview',
  }
  expect(await sent({ model: 'azure/gpt' }, env)).toMatchObject({
    path: '/openai/deployments/gpt/chat/completions?api-version=2025-01-01-preview',
    key: 'from-env',
  })
})

test.each(['/', '/openai', '/openai/deployments/other'])(
  'a base that ends in %s leads to the same path',
  async (ending) => {
    const params = { model: 'azure/gpt', api_base: upstream.url + ending, api_key: 'k' }
    expect(await sent(params)).toMatchObject({
      path: '/openai/deployments/gpt/chat/completions?api-version=2025-02-01-preview',
    })
  },
)

test('a base that ends in /openai/v1 is the newer form', async () => {
  const params = { model: 'azure/gpt', api_base: `${upstream.url}/openai/v1/`, api_key: 'k' }
  expect(await sent(params)).toMatchObject({ path: '/openai/v1/chat/completions', key: 'k' })
})

test('embeddings and refusals work as with OpenAI', async () => {
  const params = { model: 'azure/gpt', api_base: upstream.url, api_key: 'k' }
  await sent(params)
  upstream.script([
    answerEmbeddings(),
    answerError(400, {
      error: {
        code: 'content_filter',
        message: 'The prompt was filtered',
        type: null,
        param: 'prompt',
      },
    }),
  ])
  const embedded = await gateway?.client.embeddings.create({ model: 'm', input: ['a', 'b'] })
  expect(embedded?.data).toHaveLength(2)
  const refused = gateway?.client.chat.completions.create({ model: 'm', messages })
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'content_filter' })
})

test('without a key the deployment is left out, and the variables are named', async () => {
  gateway = await startGateway({
    config: {
      model_list: [
        { model_name: 'm', litellm_params: { model: 'azure/gpt', api_base: upstream.url } },
      ],
    },
  })
  const status = await (await gateway.get('/config/status')).text()
  expect(status).toContain('AZURE_API_KEY or AZURE_OPENAI_API_KEY is not set')
})
