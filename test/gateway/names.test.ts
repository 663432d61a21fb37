import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { answerChat, createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
const messages = [{ role: 'user' as const, content: 'Hi' }]

beforeAll(async () => {
  // Each of the three dialects can read it.
  const content = [{ type: 'text', text: 'Hello there.' }]
  const candidates = [{ content: { parts: [{ text: 'Hello there.' }] }, finishReason: 'STOP' }]
  upstream = await createFakeUpstream(answerChat('Hello there.', { content, candidates }))
  const at = (path: string) => ({ api_base: `${upstream.url}/${path}/v1`, api_key: 'none' })
  const entry = (model_name: string, model: string, path: string, model_info = {}) => ({
    model_name,
    litellm_params: { model, ...at(path) },
    model_info,
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('local', 'openai//models/x.gguf', 'local', { id: 'box-1' }),
        entry('local', 'openai/second', 'local-2', { id: 'box-2' }),
        entry('guessed', 'gpt-4-turbo', 'guessed'),
        entry('claude', 'claude-sonnet-4-5', 'claude'),
        entry('openai/*', 'openai/*', 'openai'),
        entry('groq/*', 'groq/*', 'groq'),
        entry('gemini/*', 'gemini/*', 'gemini'),
        entry('mapped/*', 'openrouter/vendor/*-it', 'mapped'),
      ],
      router_settings: {
        model_group_alias: {
          'gpt-4': 'guessed',
          hidden: { model: 'claude', hidden: true },
          either: ['groq/llama', 'guessed'],
        },
      },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** Where a request for a model went, and under which name: `groq llama`. */
async function way(model: string): Promise<string> {
  const answer = await gateway.client.chat.completions.create({ model, messages })
  expect(answer.model).toBe(model)
  const { path = '', body } = upstream.requests.at(-1) ?? {}
  const [, inPath] = /\/models\/(.+):generateContent$/.exec(path) ?? []
  return `${path.split('/')[1]} ${inPath ?? JSON.parse(String(body)).model}`
}

describe('who asks for', () => {
  test.each([
    ['guessed', 'guessed gpt-4-turbo', 'a model written without its provider'],
    ['claude', 'claude claude-sonnet-4-5', "a model of Anthropic's, written as it is called"],
    ['box-1', 'local /models/x.gguf', 'one deployment by its id; its path is kept'],
    ['box-2', 'local-2 second', 'the other one'],
    ['gpt-4', 'guessed gpt-4-turbo', 'an alias'],
    ['hidden', 'claude claude-sonnet-4-5', 'a hidden alias'],
    ['either', 'groq llama', 'an alias of several: the first'],
    ['groq/llama-3.1', 'groq llama-3.1', 'a model of one provider'],
    ['gemini/gemini-2.5-flash', 'gemini gemini-2.5-flash', 'and of another beside it'],
    ['gpt-4o-mini', 'openai gpt-4o-mini', 'a name that one provider is known for'],
    ['gemini-2.5-pro', 'gemini gemini-2.5-pro', 'and another'],
    ['mapped/gemma', 'mapped vendor/gemma-it', 'a name that is mapped'],
  ])('%s reaches %s: %s', async (model, expected) => {
    expect(await way(model)).toBe(expected)
  })

  test('something else is told what there is', async () => {
    const answer = await gateway.post('/v1/chat/completions', { model: 'gessed', messages })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'model_not_found',
        param: 'model',
        message: expect.stringMatching(
          /^Invalid model name passed in model=gessed\. Did you mean guessed\?/,
        ),
      },
    })
  })
})

test('names are listed without the hidden one, aliases first', async () => {
  const { data } = await gateway.client.models.list()
  expect(data.map(({ id }) => id)).toEqual([
    'gpt-4',
    'either',
    'local',
    'guessed',
    'claude',
    'openai/*',
    'groq/*',
    'gemini/*',
    'mapped/*',
  ])
})

test('however many names are invented, labels hold what the document holds', async () => {
  for (const model of ['groq/one', 'groq/two', 'openai/three', 'gpt-four', 'box-1', 'zebra'])
    await gateway.post('/v1/chat/completions', { model, messages })
  const text = await (await gateway.get('/metrics')).text()
  const labels = [...text.matchAll(/(?:model|requested_model|model_group)="([^"]*)"/g)]
  const known = new Set(labels.map(([, label]) => label))
  expect(known).toContain('groq/*')
  for (const name of ['groq/one', 'one', 'three', 'gpt-four', 'box-1', 'zebra'])
    expect(known).not.toContain(name)
})

test('what no model is called goes to the first default fallback', async () => {
  const config = {
    model_list: [
      { model_name: 'a', litellm_params: { model: 'openai/a-up', api_base: `${upstream.url}/v1` } },
      { model_name: 'b', litellm_params: { model: 'openai/b-up', api_base: `${upstream.url}/v1` } },
    ],
    router_settings: { default_fallbacks: ['b'] },
  }
  const other = await startGateway({ config })
  try {
    const answer = await other.client.chat.completions.create({ model: 'zebra', messages })
    expect(answer.model).toBe('zebra')
    expect(JSON.parse(String(upstream.requests.at(-1)?.body))).toMatchObject({ model: 'b-up' })
  } finally {
    await other.close()
  }
})
