import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { gemini } from '../../../gateway/providers/gemini.ts'
import type { UpstreamCall } from '../../../gateway/providers/provider.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

const messages = [{ role: 'user', content: 'hi' }]
const parts = (...content: unknown[]): unknown => [{ role: 'user', content }]
const link = (url: unknown): unknown => parts({ type: 'image_url', image_url: { url } })
const call = (made: unknown): unknown => [{ role: 'assistant', tool_calls: [made] }]
const tool = (parameters: unknown): unknown => [
  { type: 'function', function: { name: 'f', parameters } },
]

function sent(
  endpoint: EndpointName,
  fields: Record<string, unknown>,
  model = 'gemini-2.5-flash',
): UpstreamCall {
  const request = requestFor({ endpoint, fields })
  return translationOf(gemini, endpoint).toUpstream(request, targetFor(model))
}

function refusalOf(
  endpoint: EndpointName,
  fields: Record<string, unknown>,
  model?: string,
): unknown {
  try {
    sent(endpoint, fields, model)
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, param: error.param }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('Gemini has no words for', () => {
  test.each([
    ['logit_bias', { logit_bias: { '5': 1 } }],
    ['functions', { functions: [] }],
    ['function_call', { function_call: 'auto' }],
    ['prediction', { prediction: {} }],
    ['response_format', { response_format: { type: 'grammar' } }],
    ['tools[0].type', { tools: [{ type: 'custom' }] }],
    ['messages[0].content[0].type', { messages: parts({ type: 'tool_use' }) }],
    ['audio.format', { modalities: ['audio'], audio: { voice: 'Kore', format: 'mp3' } }],
  ])('%s', (param, fields) => {
    expect(refusalOf('chat-completions', { messages, ...fields })).toEqual({
      code: 'unsupported_parameter',
      param,
    })
  })

  test.each([
    ['reasoning_effort', { reasoning_effort: 'low' }],
    ['thinking', { thinking: { type: 'enabled', budget_tokens: 9 } }],
  ])('%s in a model that does not think', (param, fields) => {
    const refusal = refusalOf('chat-completions', { messages, ...fields }, 'gemini-2.0-flash')
    expect(refusal).toEqual({ code: 'unsupported_parameter', param })
  })

  test.each([
    ['input', 'embeddings', { input: [[1, 2]] }, 'gemini-embedding-001'],
    ['n', 'images-generations', { prompt: 'a', n: 2 }, 'gemini-2.5-flash-image'],
    ['stream', 'images-generations', { prompt: 'a', stream: true }, 'imagen-4'],
    ['background', 'images-generations', { prompt: 'a', background: 'transparent' }, 'imagen-4'],
    ['output_format', 'images-generations', { prompt: 'a', output_format: 'webp' }, 'imagen-4'],
    ['model', 'images-edits', { prompt: 'a' }, 'imagen-4'],
  ] as const)('%s of %s', (param, endpoint, fields, model) => {
    expect(refusalOf(endpoint, fields, model)).toEqual({ code: 'unsupported_parameter', param })
  })
})

describe('a request that is wrong names the field', () => {
  test.each([
    ['messages', { messages: [] }],
    ['messages[0]', { messages: ['hi'] }],
    ['messages[0].role', { messages: [{ role: 'toString' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 7 }] }],
    ['messages[0].content[0].image_url', { messages: link(7) }],
    ['messages[0].content[0].image_url.url', { messages: link('data:image/png,raw') }],
    ['messages[0].content[0].image_url.url', { messages: link('not base64!') }],
    ['messages[0].content[0].input_audio', { messages: parts({ type: 'input_audio' }) }],
    ['messages[0].content[0].file', { messages: parts({ type: 'file', file: {} }) }],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] }],
    ['messages[0].tool_calls[0]', { messages: call({}) }],
    [
      'messages[0].tool_calls[0].function.arguments',
      { messages: call({ id: 'a', function: { name: 'f', arguments: '{"a":' } }) },
    ],
    ['temperature', { messages, temperature: 'hot' }],
    ['stop', { messages, stop: [7] }],
    ['tools', { messages, tools: {} }],
    ['tools[0].function', { messages, tools: [{ type: 'function' }] }],
    ['tools[0].function.parameters', { messages, tools: tool('object') }],
    ['tool_choice', { messages, tools: tool({}), tool_choice: 'maybe' }],
    ['response_format', { messages, response_format: 'json' }],
    ['response_format.json_schema.schema', { messages, response_format: { type: 'json_schema' } }],
    ['reasoning_effort', { messages, reasoning_effort: 'a lot' }],
    ['thinking.budget_tokens', { messages, thinking: { budget_tokens: 'many' } }],
    ['logprobs', { messages, logprobs: 3 }],
    ['modalities', { messages, modalities: 'text' }],
    ['generationConfig', { messages, generationConfig: 'x' }],
  ])('%s', (param, fields) => {
    expect(refusalOf('chat-completions', fields)).toEqual({ code: 'invalid_request', param })
  })

  test.each([
    ['dimensions', 'embeddings', { input: 'a', dimensions: '3' }],
    ['encoding_format', 'embeddings', { input: 'a', encoding_format: 'hex' }],
    ['input', 'embeddings', { input: [] }],
    ['prompt', 'images-generations', { prompt: ' ' }],
    ['size', 'images-generations', { prompt: 'a', size: 'big' }],
    ['n', 'images-generations', { prompt: 'a', n: 0 }],
    ['image', 'images-edits', { prompt: 'a' }],
  ] as const)('%s of %s', (param, endpoint, fields) => {
    expect(refusalOf(endpoint, fields)).toEqual({ code: 'invalid_request', param })
  })
})

describe('a model name stays within its place in the path', () => {
  test.each([
    ['gemini-2.5-flash', '/models/gemini-2.5-flash:generateContent'],
    ['models/gemini-2.5-flash', '/models/gemini-2.5-flash:generateContent'],
    ['tunedModels/mine-1', '/tunedModels/mine-1:generateContent'],
    ['../../v1/files?key=x', '/models/..%2F..%2Fv1%2Ffiles%3Fkey%3Dx:generateContent'],
    ['models/../x#y', '/models/..%2Fx%23y:generateContent'],
  ])('%s', (model, path) => {
    expect(sent('chat-completions', { messages }, model).path).toBe(path)
  })
})

describe('how much it is to think', () => {
  test.each([
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0, includeThoughts: false }],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128, includeThoughts: false }],
    ['gemini-2.5-pro', 'medium', { thinkingBudget: 2048, includeThoughts: true }],
    ['gemini-flash-latest', 'high', { thinkingBudget: 4096, includeThoughts: true }],
    ['gemini-3-pro-preview', 'none', { thinkingLevel: 'low', includeThoughts: false }],
    ['gemini-3-pro-preview', 'medium', { thinkingLevel: 'high', includeThoughts: true }],
    ['gemini-3.1-pro-preview', 'medium', { thinkingLevel: 'medium', includeThoughts: true }],
    ['gemini-3-flash-preview', 'minimal', { thinkingLevel: 'minimal', includeThoughts: true }],
    ['gemini-4-flash', 'xhigh', { thinkingLevel: 'high', includeThoughts: true }],
  ])('%s, %s', (model, reasoning_effort, thinkingConfig) => {
    const { body } = sent('chat-completions', { messages, reasoning_effort }, model)
    expect(body).toMatchObject({ generationConfig: { thinkingConfig } })
  })

  test('is left to the model where nobody says', () => {
    expect(sent('chat-completions', { messages }).body).not.toHaveProperty('generationConfig')
    const none = { messages, reasoning_effort: 'none' }
    expect(sent('chat-completions', none, 'gemini-2.0-flash').body).not.toHaveProperty(
      'generationConfig',
    )
  })
})

test('a picture of many megabytes is taken', () => {
  const url = `data:image/png;base64,${'A'.repeat(30_000_000)}`
  const { body } = sent('chat-completions', { messages: link(url) })
  expect(JSON.stringify(body).length).toBeGreaterThan(30_000_000)
})

test('its list of models has names as a deployment writes them', () => {
  const answer = { models: [{ name: 'models/gemini-2.5-flash' }, { name: 'models/imagen-4' }, 7] }
  expect(gemini.modelList.namesIn(answer)).toEqual(['gemini-2.5-flash', 'imagen-4'])
  expect(gemini.modelList.namesIn('x')).toEqual([])
})
