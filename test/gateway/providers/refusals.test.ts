import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { requestFor, targetFor, translationOf, readTranslation } from './run-fixture.ts'

interface Refusal {
  readonly code: string
  readonly param: string | undefined
  readonly message: string
}

function refusalOf(
  prefix: string,
  endpoint: EndpointName,
  fields: Record<string, unknown>,
): Refusal {
  const provider = providers[prefix]
  if (provider === undefined) throw new Error(`no provider ${prefix}`)
  try {
    translationOf(provider, endpoint).toUpstream(requestFor({ endpoint, fields }), targetFor('m'))
  } catch (error) {
    if (error instanceof GatewayError)
      return { code: error.code, param: error.param, message: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}

const messages = [{ role: 'user', content: 'hi' }]
const picture = (url: unknown): unknown => [
  { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
]
const call = (written: unknown): unknown => [
  { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: written } }] },
]

const apart = (name: string): unknown => ({
  type: 'function',
  function: { name, parameters: { $defs: { a: {} }, properties: { a: { $ref: '#/$defs/a' } } } },
})

describe('Ollama has no words for', () => {
  test.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['top_logprobs', { top_logprobs: 2 }],
    ['logit_bias', { logit_bias: { '5': 1 } }],
    ['functions', { functions: [] }],
    ['tool_choice', { tool_choice: 'required', tools: [apart('f'), apart('g')] }],
    ['tool_choice', { tool_choice: { type: 'allowed_tools' } }],
    ['audio', { audio: { voice: 'alloy' } }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['web_search_options', { web_search_options: {} }],
    ['response_format', { response_format: { type: 'grammar' } }],
    ['tools[0].type', { tools: [{ type: 'custom' }] }],
  ])('%s', (param, fields) => {
    const refusal = refusalOf('ollama', 'chat-completions', { messages, ...fields })
    expect(refusal).toMatchObject({ code: 'unsupported_parameter', param })
    expect(refusal.message).toMatch(/Leave it out/)
  })

  test.each([
    ['echo', 'completions', { prompt: 'a', echo: true }],
    ['best_of', 'completions', { prompt: 'a', best_of: 3 }],
    ['prompt', 'completions', { prompt: [1, 2] }],
    ['prompt', 'completions', { prompt: ['a', 'b'] }],
    ['input', 'embeddings', { input: [1, 2] }],
    ['input', 'embeddings', { input: [[1, 2]] }],
  ] as const)('%s of %s', (param, endpoint, fields) => {
    expect(refusalOf('ollama', endpoint, fields)).toMatchObject({
      code: 'unsupported_parameter',
      param,
    })
  })
})

describe('a request for Ollama that is wrong names the field', () => {
  test.each([
    ['messages', { messages: undefined }],
    ['messages', { messages: [] }],
    ['messages[0]', { messages: ['hi'] }],
    ['messages[0].role', { messages: [{ role: 'toString', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 7 }] }],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
    ],
    ['messages[0].content[0].image_url', { messages: picture(7) }],
    ['messages[0].content[0].image_url.url', { messages: picture('https://example.org/a.png') }],
    ['messages[0].content[0].image_url.url', { messages: picture('data:text/html;base64,aGk=') }],
    ['messages[0].content[0].image_url.url', { messages: picture('data:image/png,raw') }],
    ['messages[0].content[0].image_url.url', { messages: picture('not base64!') }],
    ['messages[0].tool_calls[0].function.arguments', { messages: call('{"a":') }],
    ['messages[0].tool_calls[0].function.arguments', { messages: call('[1]') }],
    ['messages[0].tool_calls[0]', { messages: [{ role: 'assistant', tool_calls: [{}] }] }],
    ['temperature', { messages, temperature: 'hot' }],
    ['max_tokens', { messages, max_tokens: '7' }],
    ['stop', { messages, stop: [7] }],
    ['options', { messages, options: [] }],
    ['options.num_ctx', { messages, options: { num_ctx: '8k' } }],
    ['tools', { messages, tools: {} }],
    ['tool_choice', { messages, tool_choice: { type: 'function', function: { name: 'f' } } }],
    ['response_format', { messages, response_format: 'json' }],
    ['response_format.json_schema.schema', { messages, response_format: { type: 'json_schema' } }],
    ['reasoning_effort', { messages, reasoning_effort: 'a lot' }],
  ])('%s', (param, fields) => {
    expect(refusalOf('ollama_chat', 'chat-completions', fields)).toMatchObject({
      code: 'invalid_request',
      param,
    })
  })

  test('and says to send a picture inside the request', () => {
    const refusal = refusalOf('ollama', 'chat-completions', {
      messages: picture('http://example.org/a.png'),
    })
    expect(refusal.message).toContain('data:image/png;base64,')
  })

  test.each([
    ['prompt', 'completions', {}],
    ['input', 'embeddings', {}],
    ['input', 'embeddings', { input: [] }],
    ['input', 'embeddings', { input: [null] }],
    ['encoding_format', 'embeddings', { input: 'a', encoding_format: 'hex' }],
  ] as const)('%s of %s', (param, endpoint, fields) => {
    expect(refusalOf('ollama', endpoint, fields)).toMatchObject({ code: 'invalid_request', param })
  })
})

describe('a request for Stable Diffusion WebUI that is wrong names the field', () => {
  test.each([
    ['invalid_request', 'prompt', {}],
    ['invalid_request', 'prompt', { prompt: '  ' }],
    ['invalid_request', 'size', { prompt: 'a', size: 'big' }],
    ['invalid_request', 'size', { prompt: 'a', size: '513x512' }],
    ['invalid_request', 'size', { prompt: 'a', size: '99999x512' }],
    ['invalid_request', 'n', { prompt: 'a', n: 0 }],
    ['invalid_request', 'n', { prompt: 'a', n: 11 }],
    ['invalid_request', 'n', { prompt: 'a', n: 1.5 }],
    ['invalid_request', 'override_settings', { prompt: 'a', override_settings: 'x' }],
    ['unsupported_parameter', 'stream', { prompt: 'a', stream: true }],
    ['unsupported_parameter', 'background', { prompt: 'a', background: 'transparent' }],
    ['unsupported_parameter', 'output_format', { prompt: 'a', output_format: 'webp' }],
  ])('%s %s', (code, param, fields) => {
    expect(refusalOf('a1111', 'images-generations', fields)).toMatchObject({ code, param })
  })

  test('and names the nearest size it could draw', () => {
    expect(
      refusalOf('a1111', 'images-generations', { prompt: 'a', size: '513x20' }).message,
    ).toContain('512x64')
  })

  test('where the picture is missing', () => {
    const missing = { code: 'invalid_request', param: 'image' }
    expect(refusalOf('a1111', 'images-edits', { prompt: 'a' })).toMatchObject(missing)
    expect(refusalOf('a1111', 'images-variations', { image: '' })).toMatchObject(missing)
  })

  test('where there are two pictures', () => {
    const file = {
      field: 'image[]',
      fileName: 'a.png',
      contentType: 'image/png',
      bytes: Buffer.from('abc'),
    }
    const request = requestFor({
      endpoint: 'images-edits',
      fields: { prompt: 'a' },
      files: [file, file],
    })
    const translation = readTranslation(providers['a1111'], 'images-edits')
    expect(
      () =>
        translation?.kind === 'translated' && translation.toUpstream(request, targetFor('default')),
    ).toThrow(/one picture/)
  })
})

function thinkFor(model: string, reasoning_effort: string): unknown {
  const provider = providers['ollama']
  if (provider === undefined) throw new Error('no ollama')
  const request = requestFor({
    endpoint: 'chat-completions',
    fields: { messages, reasoning_effort },
  })
  const { body } = translationOf(provider, 'chat-completions').toUpstream(request, targetFor(model))
  return body
}

test('a picture of many megabytes is taken', () => {
  const url = `data:image/png;base64,${'A'.repeat(30_000_000)}`
  const provider = providers['ollama']
  if (provider === undefined) throw new Error('no ollama')
  const request = requestFor({ endpoint: 'chat-completions', fields: { messages: picture(url) } })
  const { body } = translationOf(provider, 'chat-completions').toUpstream(request, targetFor('m'))
  expect(JSON.stringify(body).length).toBeGreaterThan(30_000_000)
})

test('gpt-oss thinks in levels, others think or do not', () => {
  expect(thinkFor('gpt-oss:20b', 'xhigh')).toMatchObject({ think: 'high' })
  expect(thinkFor('qwen3:8b', 'high')).toMatchObject({ think: true })
  expect(thinkFor('qwen3:8b', 'none')).toMatchObject({ think: false })
})
