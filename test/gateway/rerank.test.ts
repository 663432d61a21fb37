import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  answerJson,
  createFakeUpstream,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string, path = '') => ({
    model_name,
    litellm_params: { model, api_base: `${upstream.url}${path}`, api_key: 'none' },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('jina', 'jina_ai/jina-reranker-v2', '/v1'),
        entry('voyage', 'voyage/rerank-2.5', '/v1/rerank'),
        entry('infinity', 'infinity/bge'),
        entry('vllm', 'hosted_vllm/bge', '/v1'),
        entry('tei', 'huggingface/BAAI/bge-reranker-base', '/rerank'),
        entry('jina-vectors', 'jina_ai/jina-embeddings-v3', '/v1'),
        entry('voyage-vectors', 'voyage/voyage-3.5', '/v1'),
        entry('infinity-vectors', 'infinity/bge', '/embeddings'),
        entry('tei-vectors', 'huggingface/BAAI/bge-small', '/v1'),
        entry('tgi', 'huggingface/tgi', '/v1/chat/completions'),
        entry('tgi-bare', 'huggingface/tgi'),
      ],
      router_settings: { num_retries: 0 },
    },
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const lastPath = (): string | undefined => upstream.requests.at(-1)?.path
const lastBody = (): unknown => JSON.parse(String(upstream.requests.at(-1)?.body))

async function rerank(model: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const documents = ['a', { text: 'b' }]
  const answer = await gateway.post('/v1/rerank', { model, query: 'q', documents, ...more })
  expect(answer.status).toBe(200)
  return answer.json()
}

const scores = [
  { index: 0, relevance_score: 0.2 },
  { index: 1, relevance_score: 0.9 },
]
const best = { index: 1, relevance_score: 0.9 }
const counted = {
  meta: { billed_units: { total_tokens: 12 }, tokens: { input_tokens: 12 } },
  usage: { prompt_tokens: 12, total_tokens: 12 },
}

describe('documents, texts and objects, are ranked by', () => {
  test('Jina', async () => {
    upstream.script(answerJson({ model: 'x', usage: { total_tokens: 12 }, results: scores }))
    expect(await rerank('jina', { top_n: 1 })).toMatchObject({
      model: 'jina',
      results: [best],
      ...counted,
    })
    expect(lastPath()).toBe('/v1/rerank')
    expect(lastBody()).toMatchObject({ documents: ['a', { text: 'b' }], top_n: 1 })
  })

  test('Voyage', async () => {
    upstream.script(answerJson({ object: 'list', data: scores, usage: { total_tokens: 12 } }))
    const answer = await rerank('voyage', { top_n: 1, return_documents: true })
    const results = [{ ...best, document: { text: 'b' } }]
    expect(answer).toEqual({ id: expect.stringMatching(/^rerank-/), results, ...counted })
    expect(lastPath()).toBe('/v1/rerank')
    expect(lastBody()).toMatchObject({ documents: ['a', 'b'], top_k: 1 })
  })

  test('Infinity', async () => {
    const results = scores.map((one) => ({ ...one, document: 'text' }))
    upstream.script(
      answerJson({ id: 'i', results, usage: { prompt_tokens: 12, total_tokens: 12 } }),
    )
    expect(await rerank('infinity')).toMatchObject({
      id: 'i',
      results: [{ ...best, document: { text: 'text' } }, { index: 0 }],
      ...counted,
    })
    expect(lastPath()).toBe('/rerank')
  })

  test('any OpenAI-compatible server, whose own fields survive', async () => {
    upstream.script(answerJson({ id: 'v', results: scores, usage: { total_tokens: 12 }, more: 1 }))
    expect(await rerank('vllm', { truncate_prompt_tokens: 5 })).toMatchObject({
      id: 'v',
      results: [best, { index: 0 }],
      more: 1,
      ...counted,
    })
    expect(lastPath()).toBe('/v1/rerank')
    expect(lastBody()).toEqual({
      model: 'bge',
      query: 'q',
      documents: ['a', 'b'],
      truncate_prompt_tokens: 5,
    })
  })

  test('Text Embeddings Inference', async () => {
    upstream.script(
      answerJson([
        { index: 1, score: 0.9 },
        { index: 0, score: 0.2 },
      ]),
    )
    expect(await rerank('tei', { top_n: 1, return_documents: true })).toEqual({
      id: expect.stringMatching(/^rerank-/),
      results: [{ ...best, document: { text: 'b' } }],
    })
    expect(lastPath()).toBe('/rerank')
    expect(lastBody()).toEqual({ query: 'q', texts: ['a', 'b'] })
  })
})

test('tokens of a reranker are counted', async () => {
  upstream.script(answerJson({ results: scores, usage: { total_tokens: 12 } }))
  const name = 'litellm_input_tokens_metric_total'
  const before = await gateway.metric(name)
  await rerank('vllm')
  expect((await gateway.metric(name)) - before).toBe(12)
})

describe('vectors, floats as the SDK unpacks them, come from', () => {
  const packed = 'AACAPgAAAL8='
  const embedded = (embedding: unknown, usage: object) =>
    answerJson({ object: 'list', data: [{ object: 'embedding', index: 0, embedding }], usage })

  test.each([
    ['jina-vectors', '/v1/embeddings', { embedding_type: 'base64', task: 'retrieval.query' }],
    ['voyage-vectors', '/v1/embeddings', { encoding_format: 'base64', input_type: 'query' }],
    ['infinity-vectors', '/embeddings', { encoding_format: 'base64', input_type: 'query' }],
  ])('%s', async (model, path, sent) => {
    upstream.script(embedded(packed, { total_tokens: 3 }))
    const asked = { model, input: ['a'], input_type: 'query' }
    const answer = await gateway.client.embeddings.create(asked)
    expect(answer.data[0]?.embedding).toEqual([0.25, -0.5])
    expect(answer.usage.total_tokens).toBe(3)
    expect(lastPath()).toBe(path)
    expect(lastBody()).toMatchObject(sent)
  })

  test('Text Embeddings Inference, by either of its paths', async () => {
    upstream.script(embedded(packed, { prompt_tokens: 3, total_tokens: 3 }))
    const answer = await gateway.client.embeddings.create({ model: 'tei-vectors', input: 'a' })
    expect(answer.data[0]?.embedding).toEqual([0.25, -0.5])
    expect(lastPath()).toBe('/v1/embeddings')

    upstream.script(answerJson([[0.25, -0.5]]))
    const own = { model: 'tei-vectors', input: 'a', truncate: true }
    expect((await gateway.client.embeddings.create(own)).data[0]?.embedding).toEqual([0.25, -0.5])
    expect(lastPath()).toBe('/embed')
    expect(lastBody()).toEqual({ inputs: ['a'], truncate: true })
  })
})

test.each(['tgi', 'tgi-bare'])('chat at Text Generation Inference, %s', async (model) => {
  upstream.script(answerChat('Hi.'))
  const messages = [{ role: 'user' as const, content: 'Hi' }]
  const answer = await gateway.client.chat.completions.create({ model, messages })
  expect(answer.choices[0]?.message.content).toBe('Hi.')
  expect(lastPath()).toBe('/v1/chat/completions')
  expect(lastBody()).toEqual({ model: 'tgi', messages })
})

describe('what a server says against a request reaches the caller', () => {
  test.each([
    [
      'voyage',
      400,
      { detail: "The request body is not valid JSON: 'documents' is too long." },
      400,
    ],
    ['jina', 422, { detail: [{ loc: ['body', 'top_n'], msg: 'too small' }] }, 422],
    [
      'tei',
      413,
      { error: 'batch size 64 > maximum allowed batch size 32', error_type: 'Validation' },
      413,
    ],
    ['tei', 429, { error: 'Model is overloaded', error_type: 'Overloaded' }, 429],
    [
      'infinity',
      500,
      { error: { message: 'no model bge', type: 'x', param: null, code: 500 } },
      502,
    ],
  ])('%s %i', async (model, status, body, seen) => {
    upstream.script(answerError(status, body))
    const asked = { model, query: 'q', documents: ['a'] }
    const answer = await gateway.post('/v1/rerank', asked)
    const { error }: { error: { message: string } } = JSON.parse(await answer.text())
    expect(answer.status).toBe(seen)
    expect(error.message).toMatch(/too long|too small|batch size|overloaded|no model bge/)
  })
})
