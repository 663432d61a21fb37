import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { bedrock } from '../../../gateway/providers/bedrock.ts'
import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import type { DeploymentParams } from '../../../modules/module.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

const chat = translationOf(bedrock, 'chat-completions')
const messages = [{ role: 'user', content: 'Hi' }]
const claude = 'anthropic.claude-sonnet-4-5-20250929-v1:0'

function call(
  fields: Record<string, unknown>,
  model = claude,
  params: Partial<DeploymentParams> = {},
) {
  const request = requestFor({ endpoint: 'chat-completions', fields: { messages, ...fields } })
  return chat.toUpstream(request, targetFor(model, params))
}

describe('a model as LiteLLM users write it', () => {
  const arn = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0'

  test.each<[string, string, string | undefined]>([
    [claude, claude, undefined],
    [`us.${claude}`, `us.${claude}`, undefined],
    [`converse/us.${claude}`, `us.${claude}`, undefined],
    [`invoke/${claude}`, claude, undefined],
    [`us-east-1/${claude}`, claude, 'us-east-1'],
    [`converse/us-gov-west-1/${claude}`, claude, 'us-gov-west-1'],
    [`ap-northeast-1/1-month-commitment/${claude}`, claude, 'ap-northeast-1'],
    [arn, arn, 'eu-west-1'],
    [`converse/${arn}`, arn, 'eu-west-1'],
    [`nova/${arn}`, arn, 'eu-west-1'],
    ['a/b', 'a/b', undefined],
    ['us-east-1', 'us-east-1', undefined],
  ])('%s', (written, bare, location) => {
    expect(bedrock.bareName?.(written)).toBe(bare)
    const { params } = targetFor(`bedrock/${written}`)
    expect(bedrock.paramsOf?.(params)).toEqual(location ? { location } : {})
    expect(call({}, written).path).toBe(`/model/${encodeURIComponent(bare)}/converse`)
  })

  test('may be called by an ARN of its own', () => {
    const { path, body } = call({ reasoning_effort: 'low' }, claude, { modelId: arn })
    expect(path).toBe(`/model/${encodeURIComponent(arn)}/converse`)
    expect(body).toHaveProperty('additionalModelRequestFields.thinking')
    const { params } = targetFor(`bedrock/${claude}`, { modelId: arn })
    expect(bedrock.paramsOf?.(params)).toEqual({ location: 'eu-west-1' })
  })

  test('never leaves its place in the path', () => {
    expect(call({}, '../x?y#z').path).toBe('/model/..%2Fx%3Fy%23z/converse')
    expect(() => call({}, '..')).toThrow(expect.objectContaining({ param: 'model' }))
  })

  test.each([
    [{}, 'https://bedrock-runtime.us-west-2.amazonaws.com'],
    [{ location: 'eu-central-1' }, 'https://bedrock-runtime.eu-central-1.amazonaws.com'],
    [{ location: 'cn-north-1' }, 'https://bedrock-runtime.cn-north-1.amazonaws.com.cn'],
  ])('is called in its region: %j', (params, address) => {
    expect(bedrock.baseOf?.(targetFor('m', params).params)).toBe(address)
  })
})

test.each([
  [claude, true],
  ['us.anthropic.claude-3-5-haiku-20241022-v1:0', true],
  ['anthropic.claude-3-5-sonnet-20240620-v1:0', false],
  ['anthropic.claude-3-haiku-20240307-v1:0', false],
  ['us.amazon.nova-2-lite-v1:0', true],
  ['meta.llama3-3-70b-instruct-v1:0', false],
])('%s takes marks of what is to be cached: %s', (model, takes) => {
  expect(bedrock.takesCacheMarks?.(targetFor(model))).toBe(takes)
})

test('thoughts have room below the maximum of the model, and their own above none', () => {
  const asked = { messages, reasoning_effort: 'high' }
  const request = requestFor({ endpoint: 'chat-completions', fields: asked })
  const target = { ...targetFor(claude), info: { max_output_tokens: 3_000 } }
  expect(chat.toUpstream(request, target).body).toMatchObject({
    inferenceConfig: { maxTokens: 3_000 },
    additionalModelRequestFields: { thinking: { budget_tokens: 2_999 } },
  })
  const unasked = requestFor({ endpoint: 'chat-completions', fields: { messages } })
  expect(chat.toUpstream(unasked, target).body).not.toHaveProperty('inferenceConfig')
})

describe('what cannot be said', () => {
  test.each([
    ['n', 2],
    ['seed', 7],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -1],
    ['logit_bias', { 5: 1 }],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['audio', {}],
    ['modalities', ['text', 'audio']],
    ['prediction', {}],
    ['functions', []],
    ['function_call', 'auto'],
    ['temperature', 1.2],
    ['web_search_options', {}],
  ])('%s is refused, or left out', (param, value) => {
    expect(() => call({ [param]: value })).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param }),
    )
    const { body } = call({ [param]: value }, claude, { dropParams: true })
    const most = { ...Object(call({}).body), inferenceConfig: { temperature: 1 } }
    expect(body).toEqual(param === 'temperature' ? most : call({}).body)
  })

  const part = (one: object) => [{ role: 'user', content: [one] }]
  test.each<[string, unknown]>([
    ['messages', []],
    ['messages', [{ role: 'function', content: 'x' }]],
    ['messages', part({ type: 'input_audio', input_audio: {} })],
    ['messages', part({ type: 'image_url', image_url: 'aGk=' })],
    ['messages', part({ type: 'image_url', image_url: { url: 'https://a.example/b.png' } })],
    ['messages', part({ type: 'image_url', image_url: { url: 'data:image/tiff;base64,aGk=' } })],
    ['messages', part({ type: 'file', file: {} })],
    ['messages', part({ type: 'file', file: { file_data: 'data:a/b;base64,aGk=' } })],
    ['messages', part({ type: 'file', file: { file_id: 's3://bucket/noending' } })],
    ['messages', [{ role: 'system', content: [{ type: 'image_url', image_url: 's3://b/a.png' }] }]],
    ['messages', [{ role: 'tool', content: 'x' }]],
    ['messages', [{ role: 'assistant', tool_calls: [{ id: '1', function: {} }] }]],
    ['max_tokens', 1.5],
    ['top_p', 'much'],
    ['stop', [1]],
    ['tools', [{ type: 'retrieval' }]],
    ['tools', {}],
    ['tool_choice', 'always'],
    ['reasoning_effort', 'much'],
    ['response_format', { type: 'grammar' }],
    ['service_tier', 'scale'],
    ['additionalModelRequestFields', 7],
    ['inferenceConfig', 'hot'],
  ])('%s %j names the place', (param, value) => {
    expect(() => call({ [param]: value })).toThrow(
      expect.objectContaining({ param: expect.stringContaining(param), status: 400 }),
    )
  })

  test.each<[string, Record<string, unknown>]>([
    ['amazon.titan-embed-text-v2:0', { input: ['a', 'b'] }],
    ['amazon.titan-embed-text-v2:0', { input: [1, 2] }],
    ['amazon.titan-embed-text-v2:0', { input: 'data:image/png;base64,aGk=' }],
    ['twelvelabs.marengo-embed-2-7-v1:0', { input: 'a' }],
  ])('vectors by %s of %j', (model, fields) => {
    const request = requestFor({ endpoint: 'embeddings', fields })
    const embed = translationOf(bedrock, 'embeddings')
    expect(() => embed.toUpstream(request, targetFor(model))).toThrow(
      expect.objectContaining({ status: 400 }),
    )
  })

  test.each<[string, Record<string, unknown>]>([
    ['stability.sd3-5-large-v1:0', { prompt: 'a', n: 2 }],
    ['amazon.nova-canvas-v1:0', { prompt: ' ' }],
    ['amazon.nova-canvas-v1:0', { prompt: 'a', size: 'large' }],
    ['amazon.nova-canvas-v1:0', { prompt: 'a', background: 'transparent' }],
    [claude, { prompt: 'a' }],
  ])('pictures by %s of %j', (model, fields) => {
    const request = requestFor({ endpoint: 'images-generations', fields })
    const draw = translationOf(bedrock, 'images-generations')
    expect(() => draw.toUpstream(request, targetFor(model))).toThrow(
      expect.objectContaining({ status: 400 }),
    )
  })
})

test('ranks are those of models that rank', () => {
  const request = requestFor({ endpoint: 'rerank', fields: { query: 'a', documents: ['b'] } })
  const rank = translationOf(bedrock, 'rerank')
  expect(() => rank.toUpstream(request, targetFor(claude))).toThrow(
    expect.objectContaining({ code: 'unsupported_parameter' }),
  )
})

test('what was answered can be sent back as it is', () => {
  const content = [
    { reasoningContent: { reasoningText: { text: 'Hm', signature: 'c2ln' } } },
    { reasoningContent: { redactedContent: 'eA==' } },
    { text: 'Let me look.' },
    { toolUse: { toolUseId: 'tooluse_1', name: 'look', input: { at: { x: [1, null] } } } },
  ]
  const request = requestFor({ endpoint: 'chat-completions', fields: {} })
  const said = chat.toAnswer({ output: { message: { content } }, stopReason: 'tool_use' }, request)
  const answer = JSON.parse(JSON.stringify(said))
  expect(call({ messages: [...messages, answer.choices[0].message] }).body).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant', content }],
  })
})

test('thoughts may stand in the content as well, those that are signed', () => {
  const content = [
    { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
    { type: 'thinking', thinking: 'of another server' },
    { type: 'redacted_thinking', data: 'eA==' },
    { type: 'text', text: 'Hello.' },
  ]
  expect(call({ messages: [...messages, { role: 'assistant', content }] }).body).toMatchObject({
    messages: [
      { role: 'user' },
      {
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm', signature: 'c2ln' } } },
          { reasoningContent: { redactedContent: 'eA==' } },
          { text: 'Hello.' },
        ],
      },
    ],
  })
})

test('a file by its address is fetched before', () => {
  const url = 'https://a.example/b.png'
  expect(chat.wantsInline?.({ kind: 'picture', url }, targetFor(claude))).toBe(true)
})

describe('an error', () => {
  test.each([
    [400, 'ValidationException', 'max_tokens: too large', 'upstream_rejected', 400],
    [
      400,
      'ValidationException',
      'Input is too long for requested model.',
      'context_length_exceeded',
      400,
    ],
    [
      400,
      'ValidationException',
      'Input Tokens Exceeded: Number of input tokens exceeds maximum length.',
      'context_length_exceeded',
      400,
    ],
    [403, 'AccessDeniedException', 'not yours', 'upstream_refused_our_key', 502],
    [404, 'ResourceNotFoundException', 'no such model', 'upstream_lacks_model', 502],
    [408, 'ModelTimeoutException', 'too slow', 'upstream_timeout', 504],
    [424, 'ModelErrorException', 'failed', 'upstream_failed', 502],
    [429, 'ThrottlingException', 'Too many requests', 'upstream_rate_limited', 429],
    [429, 'ModelNotReadyException', 'not ready', 'upstream_rate_limited', 429],
    [500, 'InternalServerException', 'oops', 'upstream_failed', 502],
    [503, 'ServiceUnavailableException', 'later', 'upstream_failed', 502],
  ])(
    '%i %s %s is one of ours, as an answer and within a stream',
    (status, type, message, code, shown) => {
      const failed = Buffer.from(JSON.stringify({ message }))
      const headers = { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/` }
      const answered = mapUpstreamError({ status, body: failed, headers, model: 'm', nowMs: 0 })
      expect(answered).toMatchObject({ code, status: shown })
      expect(answered.cause).toContain(type)
      const request = requestFor({ endpoint: 'chat-completions', isStream: true })
      const event = { [type.charAt(0).toLowerCase() + type.slice(1)]: { message } }
      expect(() => chat.stream?.create(request).onEvent(event)).toThrow(
        expect.objectContaining({ code, status: shown }),
      )
    },
  )

  test('in words of the service in front is told as well', () => {
    const body = Buffer.from('{"Message":"The model is not there"}')
    expect(
      mapUpstreamError({ status: 400, body, headers: {}, model: 'm', nowMs: 0 }).message,
    ).toContain('The model is not there')
  })
})

describe.each<[EndpointName, string]>([
  ['chat-completions', claude],
  ['chat-completions', 'us.amazon.nova-2-lite-v1:0'],
  ['embeddings', 'amazon.titan-embed-text-v2:0'],
  ['embeddings', 'amazon.titan-embed-image-v1'],
  ['embeddings', 'amazon.nova-2-multimodal-embeddings-v1:0'],
  ['embeddings', 'cohere.embed-english-v3'],
  ['images-generations', 'amazon.nova-canvas-v1:0'],
  ['images-generations', 'stability.sd3-5-large-v1:0'],
  ['rerank', 'cohere.rerank-v3-5:0'],
])('%s by %s', (endpoint, model) => {
  test('any request is translated, or refused in words', () => {
    const names = fc.constantFrom(
      'messages',
      'system',
      'tools',
      'tool_choice',
      'response_format',
      'reasoning_effort',
      'thinking',
      'top_k',
      'stop',
      'input',
      'dimensions',
      'input_type',
      'encoding_format',
      'prompt',
      'n',
      'size',
      'quality',
      'imageGenerationConfig',
      'textToImageParams',
      'query',
      'documents',
      'top_n',
      'inferenceConfig',
      'output_config',
    )
    const start = { messages, input: 'a', prompt: 'a', query: 'a', documents: ['a'] }
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), fc.boolean(), (fields, dropParams) => {
        const request = requestFor({ endpoint, fields: { ...start, ...fields } })
        try {
          const target = targetFor(model, { dropParams })
          JSON.stringify(translationOf(bedrock, endpoint).toUpstream(request, target))
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error
        }
      }),
    )
  })
})
