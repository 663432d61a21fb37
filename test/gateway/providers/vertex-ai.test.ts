import { describe, expect, test } from 'vitest'

import { anthropic } from '../../../gateway/providers/anthropic.ts'
import type { UpstreamCall } from '../../../gateway/providers/provider.ts'
import { rulesFor } from '../../../gateway/providers/request-rules.ts'
import { vertexAi } from '../../../gateway/providers/vertex-ai.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import type { DeploymentParams } from '../../../modules/module.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

function call(
  endpoint: EndpointName,
  fields: Record<string, unknown>,
  model: string,
  params: Partial<DeploymentParams> = {},
): UpstreamCall {
  const request = requestFor({ endpoint, fields, isStream: fields['stream'] === true })
  return translationOf(vertexAi, endpoint).toUpstream(request, targetFor(model, params))
}

const messages = [{ role: 'user', content: 'Hi' }]
const mine = { project: 'p-1', location: 'europe-west4' }
const place = '/projects/p-1/locations/europe-west4'

describe('a model is found', () => {
  test.each([
    ['gemini-2.5-flash', mine, `${place}/publishers/google/models/gemini-2.5-flash`],
    ['publishers/google/models/g', mine, `${place}/publishers/google/models/g`],
    ['1234567890', mine, `${place}/endpoints/1234567890`],
    ['gemini-2.5-flash', {}, '/publishers/google/models/gemini-2.5-flash'],
    [
      'g',
      { project: 'a/../b' },
      '/projects/a%2F..%2Fb/locations/us-central1/publishers/google/models/g',
    ],
    ['../x?y', mine, `${place}/publishers/google/models/..%2Fx%3Fy`],
  ])('%s of %j', (model, params, path) => {
    expect(call('chat-completions', { messages }, model, params).path).toBe(
      `${path}:generateContent`,
    )
    const streamed = call('chat-completions', { messages, stream: true }, model, params)
    expect(streamed.path).toBe(`${path}:streamGenerateContent?alt=sse`)
  })
})

test('calls and results carry no ids, which it does not know', () => {
  const asked = { id: 'fc-1', type: 'function', function: { name: 'look', arguments: '{}' } }
  const { body } = call(
    'chat-completions',
    {
      messages: [
        ...messages,
        { role: 'assistant', tool_calls: [asked] },
        { role: 'tool', tool_call_id: 'fc-1', content: 'seen' },
      ],
    },
    'gemini-2.5-flash',
  )
  expect(body).toMatchObject({
    contents: [
      { role: 'user' },
      { parts: [{ functionCall: { name: 'look', args: {} } }] },
      { parts: [{ functionResponse: { name: 'look', response: { output: 'seen' } } }] },
    ],
  })
  expect(JSON.stringify(body)).not.toContain('fc-1')
})

describe('a model of Anthropic', () => {
  const claude = 'claude-sonnet-4-5@20250929'

  test('is spoken to in its own dialect, by its own publisher', () => {
    const { path, body } = call('chat-completions', { messages, max_tokens: 9 }, claude, mine)
    expect(path).toBe(`${place}/publishers/anthropic/models/${claude}:rawPredict`)
    expect(body).toEqual({
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 9,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    })
    const streamed = call('chat-completions', { messages, stream: true }, claude, mine)
    expect(streamed.path).toBe(`${place}/publishers/anthropic/models/${claude}:streamRawPredict`)
    expect(streamed.body).toMatchObject({ stream: true })
  })

  test('answers in its own dialect', () => {
    const request = requestFor({ endpoint: 'chat-completions' })
    const answer = {
      type: 'message',
      content: [{ type: 'text', text: 'Hello.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 2 },
    }
    expect(translationOf(vertexAi, 'chat-completions').toAnswer(answer, request)).toMatchObject({
      choices: [{ message: { content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { total_tokens: 5 },
    })
  })

  test('streams in its own dialect', () => {
    const request = requestFor({ endpoint: 'chat-completions', isStream: true })
    const stream = translationOf(vertexAi, 'chat-completions').stream?.create(request)
    const events = [
      { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ]
    const chunks = events.flatMap((event) => stream?.onEvent(event) ?? [])
    expect(JSON.stringify(chunks)).toContain('"content":"Hello."')
    expect(stream?.isDone).toBe(true)
    expect(stream?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 })
  })

  test('takes marks of what is to be cached, other than those of Google', () => {
    expect(vertexAi.takesCacheMarks?.(targetFor(claude))).toBe(true)
    expect(vertexAi.takesCacheMarks?.(targetFor('gemini-2.5-flash'))).toBe(false)
  })

  test('has the rules of its own door, which hold for no other', () => {
    const rules = vertexAi.rules ?? []
    expect(rulesFor('claude-opus-4-7', rules)).toEqual(
      rulesFor('claude-opus-4-7', anthropic.rules ?? []),
    )
    expect(rulesFor('gemini-2.5-flash', rules).repairs).toEqual([])
  })
})

describe('embeddings', () => {
  test('are predicted, with what is said of the texts beside each', () => {
    const fields = { input: ['a', 'b'], dimensions: 3, input_type: 'document', title: 'T' }
    const { path, body } = call('embeddings', fields, 'text-embedding-005', mine)
    expect(path).toBe(`${place}/publishers/google/models/text-embedding-005:predict`)
    const about = { task_type: 'RETRIEVAL_DOCUMENT', title: 'T' }
    expect(body).toEqual({
      instances: [
        { content: 'a', ...about },
        { content: 'b', ...about },
      ],
      parameters: { outputDimensionality: 3 },
    })
  })

  test('come back with the tokens of each text together', () => {
    const one = (values: number[], token_count: number) => ({
      embeddings: { values, statistics: { token_count, truncated: false } },
    })
    const request = requestFor({ endpoint: 'embeddings', fields: { input: ['a', 'b'] } })
    const answer = { predictions: [one([1, 0], 2), one([0, 1], 3)] }
    expect(translationOf(vertexAi, 'embeddings').toAnswer(answer, request)).toMatchObject({
      data: [{ embedding: [1, 0] }, { embedding: [0, 1], index: 1 }],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    })
  })

  test.each([
    [{}],
    [{ predictions: [{}] }],
    [{ predictions: [{ embeddings: { values: ['a'] } }] }],
    [{ predictions: [1, 2] }],
  ])('%j are none', (answer) => {
    const request = requestFor({ endpoint: 'embeddings', fields: { input: 'a' } })
    expect(() => translationOf(vertexAi, 'embeddings').toAnswer(answer, request)).toThrow(
      expect.objectContaining({ code: 'upstream_nonsense' }),
    )
  })
})

test('its list of models has names as a deployment writes them', () => {
  const publisherModels = [{ name: 'publishers/google/models/gemini-2.5-flash' }]
  expect(vertexAi.modelList.namesIn({ publisherModels })).toEqual(['gemini-2.5-flash'])
  expect(vertexAi.modelList.namesIn(7)).toEqual([])
})
