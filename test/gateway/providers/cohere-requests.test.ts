import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type { Provider } from '../../../gateway/providers/provider.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

function cohere(): Provider {
  const { cohere: found } = providers
  if (found === undefined) throw new Error('no Cohere')
  return found
}
const messages = [{ role: 'user', content: 'Hi' }]
const tools = [{ type: 'function', function: { name: 'look' } }]

function bodyOf(fields: Record<string, unknown>, endpoint: EndpointName = 'chat-completions') {
  const request = requestFor({ endpoint, fields })
  return translationOf(cohere(), endpoint).toUpstream(request, targetFor('m')).body
}

function refusalOf(fields: Record<string, unknown>, endpoint?: EndpointName): GatewayError {
  try {
    bodyOf(fields, endpoint)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('it was translated')
}

describe('what Cohere has no words for', () => {
  test.each([
    [{ n: 2 }, 'n'],
    [{ logit_bias: { 5: 1 } }, 'logit_bias'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ frequency_penalty: -0.5 }, 'frequency_penalty'],
    [{ presence_penalty: 1.5 }, 'presence_penalty'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ audio: { voice: 'x' } }, 'audio'],
    [{ web_search_options: {} }, 'web_search_options'],
    [{ functions: [] }, 'functions'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ response_format: { type: 'grammar' } }, 'response_format'],
  ])('%j is refused by name', (fields, param) => {
    const refusal = refusalOf({ messages, ...fields })
    expect(refusal).toMatchObject({ code: 'unsupported_parameter', param })
  })

  test('and what asks for nothing is not refused', () => {
    const idle = { n: 1, logit_bias: {}, top_logprobs: 0, modalities: ['text'], tools: [] }
    expect(bodyOf({ messages, ...idle, tool_choice: 'none', logprobs: false })).toEqual({
      model: 'm',
      messages,
      stream: false,
    })
  })
})

describe('wrong fields are named', () => {
  test.each([
    [{ messages: [] }, 'messages'],
    [{ messages: [7] }, 'messages[0]'],
    [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'user', content: [{ type: 'file' }] }] }, 'messages[0].content[0]'],
    [
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }] },
      'messages[0].tool_calls[0]',
    ],
    [{ messages, max_tokens: 'many' }, 'max_tokens'],
    [{ messages, stop: [7] }, 'stop'],
    [{ messages, tools, tool_choice: 'maybe' }, 'tool_choice'],
    [{ messages, tools, tool_choice: { function: { name: 'other' } } }, 'tool_choice'],
    [{ messages, reasoning_effort: 'toString' }, 'reasoning_effort'],
    [{ messages, response_format: { type: 'json_schema' } }, 'response_format.json_schema.schema'],
  ])('%j', (fields, param) => {
    expect(refusalOf(fields)).toMatchObject({ code: 'invalid_request', param })
  })

  test.each([
    [{ input: [1, 2] }, 'unsupported_parameter', 'input'],
    [{ input: [] }, 'invalid_request', 'input'],
    [{ input: [null] }, 'invalid_request', 'input[0]'],
    [{ input: 'a', encoding_format: 'hex' }, 'invalid_request', 'encoding_format'],
    [{ input: 'a', input_type: 7 }, 'invalid_request', 'input_type'],
    [{ input: 'a', embedding_types: ['float', 'int8'] }, 'invalid_request', 'embedding_types'],
  ])('embeddings of %j', (fields, code, param) => {
    expect(refusalOf(fields, 'embeddings')).toMatchObject({ code, param })
  })
})

test.each([
  ['none', { type: 'disabled' }],
  ['medium', { type: 'enabled', token_budget: 2048 }],
  ['high', { type: 'enabled' }],
])('an effort of %s is a budget to think', (effort, thinking) => {
  expect(bodyOf({ messages, reasoning_effort: effort })).toMatchObject({ thinking })
})

test.each([
  ['query', 'search_query'],
  ['passage', 'search_document'],
  ['retrieval.query', 'search_query'],
  ['classification', 'classification'],
  [undefined, 'search_document'],
])('vectors for %s are for %s', (asked, told) => {
  const body = bodyOf({ input: 'a', input_type: asked }, 'embeddings')
  expect(body).toMatchObject({ input_type: told, texts: ['a'] })
})

test.each([
  ['https://api.cohere.com', ''],
  ['https://api.cohere.ai/v1', ''],
  ['https://api.cohere.ai/v2/chat', ''],
  ['https://api.cohere.ai/v1/rerank', ''],
  ['https://api.cohere.ai/compatibility/v1', ''],
  ['https://host.example/cohere', '/cohere'],
])('a base of %s', (base, path) => {
  const { pathname } = new URL(base)
  expect(pathname.replace(/\/+$/, '').replace(cohere().baseEnding ?? '', '')).toBe(path)
})
