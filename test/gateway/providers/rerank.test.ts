import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type { Translated } from '../../../gateway/providers/provider.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

function rerankOf(name: string): Translated {
  const provider = providers[name]
  if (provider === undefined) throw new Error(`no provider ${name}`)
  return translationOf(provider, 'rerank')
}

function bodyOf(name: string, fields: Record<string, unknown>, dropParams = false) {
  const request = requestFor({ endpoint: 'rerank', fields })
  return rerankOf(name).toUpstream(request, targetFor('m', { dropParams })).body
}

const documents = ['a', { text: 'b' }, { title: 'c', tags: ['d'], none: null }]

describe.each(['openai', 'hosted_vllm', 'infinity', 'litellm_proxy', 'cohere'])('%s', (name) => {
  test('is sent texts, whatever the documents are', () => {
    expect(bodyOf(name, { query: 'q', documents, top_n: 2 })).toEqual({
      model: 'm',
      query: 'q',
      documents: ['a', 'b', 'title: c\ntags: ["d"]'],
      top_n: 2,
    })
  })
})

test('fields named by rank_fields are what is ranked', () => {
  const body = bodyOf('openai', { query: 'q', documents, rank_fields: ['title', 'text'] })
  expect(body).toMatchObject({ documents: ['a', 'b', 'title: c'] })
  expect(bodyOf('openai', { query: 'q', documents, rank_fields: ['text'] })).toMatchObject({
    documents: ['a', 'b', ''],
  })
})

test('words of a server go through, and words it has not are refused', () => {
  expect(bodyOf('voyage', { query: 'q', documents, truncation: true })).toMatchObject({
    truncation: true,
  })
  const fields = { query: 'q', documents, max_tokens_per_doc: 5 }
  expect(bodyOf('cohere', fields)).toMatchObject({ max_tokens_per_doc: 5 })
  for (const name of ['voyage', 'jina_ai', 'huggingface']) {
    expect(() => bodyOf(name, fields)).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param: 'max_tokens_per_doc' }),
    )
    expect(bodyOf(name, fields, true)).not.toHaveProperty('max_tokens_per_doc')
  }
})

test.each([
  [{ query: 7, documents }, 'query'],
  [{ query: 'q', documents: [] }, 'documents'],
  [{ query: 'q', documents: ['a', 7] }, 'documents[1]'],
  [{ query: 'q', documents, top_n: 0 }, 'top_n'],
  [{ query: 'q', documents, top_n: 1.5 }, 'top_n'],
  [{ query: 'q', documents, rank_fields: 'text' }, 'rank_fields'],
])('%j names what is wrong', (fields, param) => {
  expect(() => bodyOf('cohere', fields)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param }),
  )
})

test('Hugging Face itself does not rerank', () => {
  const request = requestFor({ endpoint: 'rerank', fields: { query: 'q', documents } })
  expect(() =>
    rerankOf('huggingface').toUpstream(request, { ...targetFor('m'), isVendor: true }),
  ).toThrow(expect.objectContaining({ code: 'endpoint_not_offered' }))
})

test('any results come sorted, no more than asked, each about a document of the request', () => {
  const texts = ['a', 'b', 'c']
  const result = fc.record({
    index: fc.integer({ min: -1, max: 3 }),
    relevance_score: fc.double({ noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(result), fc.integer({ min: 1, max: 4 }), (results, most) => {
      const fields = { query: 'q', documents: texts, top_n: most, return_documents: true }
      const request = requestFor({ endpoint: 'rerank', fields })
      const isSound = results.every(({ index }) => index >= 0 && index < 3)
      try {
        const answer: { results?: unknown } = rerankOf('infinity').toAnswer({ results }, request)
        const got = Array.isArray(answer.results) ? answer.results : []
        const scores: number[] = got.map((one) => one.relevance_score)
        expect(isSound).toBe(true)
        expect(got).toHaveLength(Math.min(most, results.length))
        expect(got.every(({ index, document }) => document.text === texts[index])).toBe(true)
        expect(scores).toEqual(scores.toSorted((a, b) => b - a))
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        expect(isSound).toBe(false)
      }
    }),
  )
})
