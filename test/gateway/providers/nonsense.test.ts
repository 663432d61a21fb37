import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type { Translated } from '../../../gateway/providers/provider.ts'
import { endpointNames, type EndpointName } from '../../../modules/endpoints.ts'
import { requestFor, targetFor, readTranslation } from './run-fixture.ts'

interface Spoken {
  readonly name: string
  readonly endpoint: EndpointName
  readonly translation: Translated
}

const translations: readonly Spoken[] = [
  'ollama',
  'a1111',
  'anthropic',
  'gemini',
  'vertex_ai',
  'cohere',
  'jina_ai',
  'voyage',
  'huggingface',
  'infinity',
  'whisper_cpp',
  'deepgram',
  'elevenlabs',
  'piper',
].flatMap((name) =>
  endpointNames.flatMap((endpoint) => {
    const translation = readTranslation(providers[name], endpoint)
    return translation?.kind === 'translated' ? [{ name, endpoint, translation }] : []
  }),
)

const words = [
  'messages',
  'role',
  'user',
  'assistant',
  'tool',
  'content',
  'type',
  'text',
  'image_url',
  'url',
  'tool_calls',
  'function',
  'name',
  'arguments',
  'tools',
  'tool_choice',
  'response_format',
  'json_schema',
  'schema',
  'options',
  'stop',
  'prompt',
  'input',
  'encoding_format',
  'base64',
  'size',
  '512x512',
  'n',
  'quality',
  'image',
  'mask',
  'override_settings',
  'message',
  'thinking',
  'thinking_blocks',
  'redacted_thinking',
  'signature',
  'tool_use',
  'tool_result',
  'input_schema',
  'system',
  'file',
  'file_data',
  'cache_control',
  'reasoning_effort',
  'high',
  'delta',
  'index',
  'id',
  'usage',
  'stop_reason',
  'message_start',
  'content_block',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'text_delta',
  'input_json_delta',
  'partial_json',
  'thinking_delta',
  'candidates',
  'parts',
  'functionCall',
  'args',
  'inlineData',
  'mimeType',
  'data',
  'finishReason',
  'promptFeedback',
  'blockReason',
  'usageMetadata',
  'groundingMetadata',
  'groundingChunks',
  'groundingSupports',
  'logprobsResult',
  'chosenCandidates',
  'thoughtSignature',
  'predictions',
  'values',
  'generationConfig',
  'parameters',
  'properties',
  'anyOf',
  'allOf',
  '$ref',
  '#/$defs/type',
  '$defs',
  'required',
  'items',
  'tool_call_id',
  'provider_specific_fields',
  'modalities',
  'dimensions',
  'results',
  'documents',
  'query',
  'index',
  'relevance_score',
  'score',
  'top_n',
  'rank_fields',
  'return_documents',
  'meta',
  'billed_units',
  'input_tokens',
  'embedding',
  'embedding_types',
  'float',
  'int8',
  'input_type',
  'citations',
  'sources',
  'logprobs',
  'finish_reason',
  'COMPLETE',
  'delta',
  'message-end',
  'content-delta',
  'tool-call-start',
  'tool-call-delta',
  'tool_plan',
  'output',
  'toolUse',
  'toolUseId',
  'reasoningContent',
  'reasoningText',
  'redactedContent',
  'stopReason',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockIndex',
  'start',
  'messageStop',
  'metadata',
  'throttlingException',
  'additionalModelRequestFields',
  'inferenceConfig',
  'cacheDetails',
  'done',
  'done_reason',
  'error',
  'response',
  'embeddings',
  'images',
  'info',
  'prompt_eval_count',
  'stream_options',
  'include_usage',
  'segments',
  'words',
  'word',
  'punctuated_word',
  'start',
  'end',
  'duration',
  'language',
  'results',
  'channels',
  'alternatives',
  'transcript',
  'utterances',
  'metadata',
  'voice',
  'speed',
  'verbose_json',
  'srt',
  'timestamp_granularities',
  'spacing',
  'language_code',
  'voice_settings',
  'valueOf',
  'toString',
  'toJSON',
  'loc',
  'detail',
  '__proto__',
  'constructor',
]

// Values built of the dialects' own words reach further in than random ones.
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(
      ...words,
      null,
      true,
      false,
      0,
      1,
      -1,
      1.5,
      '',
      '{"a":1}',
      'data:image/png;base64,aGk=',
    ),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 5 }),
  ),
}))
const fieldsValue = fc.dictionary(fc.constantFrom(...words), value, { maxKeys: 8 })

/** True where it works or is refused as a request should be. */
function isCivil(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof GatewayError)
      return error.message.length > 10 && error.message.length < 1500
    throw error
  }
}

describe.each(translations)('$name $endpoint', ({ endpoint, translation }) => {
  test('any request is translated or refused', () => {
    fc.assert(
      fc.property(fieldsValue, fc.boolean(), (fields, dropParams) => {
        const request = requestFor({ endpoint, fields })
        return isCivil(() =>
          JSON.stringify(translation.toUpstream(request, targetFor('m', { dropParams }))),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('any answer is translated or called nonsense', () => {
    fc.assert(
      fc.property(fc.oneof(value, fieldsValue), fieldsValue, (answer, fields) => {
        const request = requestFor({ endpoint, fields })
        return isCivil(() => {
          const told = translation.toAnswer(answer, request)
          JSON.stringify([told, translation.toText?.(told, request)])
        })
      }),
      { numRuns: 300 },
    )
  })

  test('any event is translated or called nonsense', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(value, fieldsValue), { maxLength: 5 }), (events) => {
        const stream = translation.stream?.create(requestFor({ endpoint, isStream: true }))
        return events.every((event) => isCivil(() => stream?.onEvent(event)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('an answer that is not the dialect is nonsense', () => {
  test.each([
    ['ollama', 'chat-completions', 'hello'],
    ['ollama', 'chat-completions', { choices: [] }],
    ['ollama', 'chat-completions', { message: { content: 7 } }],
    ['ollama', 'chat-completions', { message: { content: '', tool_calls: [{}] } }],
    ['ollama', 'completions', {}],
    ['ollama', 'embeddings', { embeddings: [] }],
    ['ollama', 'embeddings', { embeddings: [['a']] }],
    ['ollama', 'embeddings', { embeddings: [[1], [2]] }],
    ['gemini', 'chat-completions', 'hello'],
    ['gemini', 'chat-completions', {}],
    ['gemini', 'chat-completions', { choices: [] }],
    ['gemini', 'chat-completions', { candidates: {} }],
    ['gemini', 'chat-completions', { candidates: [7] }],
    ['gemini', 'chat-completions', { candidates: [{ content: { parts: [{ text: 7 }] } }] }],
    [
      'gemini',
      'chat-completions',
      { candidates: [{ content: { parts: [{ functionCall: {} }] } }] },
    ],
    ['gemini', 'embeddings', {}],
    ['gemini', 'embeddings', { embeddings: [{ values: ['a'] }] }],
    ['gemini', 'embeddings', { embeddings: [{ values: [1] }, { values: [2] }] }],
    ['gemini', 'images-generations', { predictions: [] }],
    ['gemini', 'images-generations', { candidates: [{ content: { parts: [] } }] }],
    ['cohere', 'chat-completions', 'hello'],
    ['cohere', 'chat-completions', { choices: [] }],
    ['cohere', 'chat-completions', { message: { content: 'text' } }],
    ['cohere', 'chat-completions', { message: { content: [7] } }],
    ['cohere', 'chat-completions', { message: { content: [{ text: 7 }] } }],
    ['cohere', 'chat-completions', { message: { tool_calls: [{ function: {} }] } }],
    ['cohere', 'embeddings', {}],
    ['cohere', 'embeddings', { embeddings: { int8: [[1]] } }],
    ['cohere', 'embeddings', { embeddings: { float: [[1], [2]] } }],
    ['cohere', 'embeddings', { embeddings: { float: ['='] } }],
    ['cohere', 'rerank', { results: {} }],
    ['cohere', 'rerank', { results: [7] }],
    ['cohere', 'rerank', { results: [{ index: 2, relevance_score: 1 }] }],
    ['cohere', 'rerank', { results: [{ index: -1, relevance_score: 1 }] }],
    ['cohere', 'rerank', { results: [{ index: 0, relevance_score: '1' }] }],
    ['jina_ai', 'embeddings', { data: {} }],
    ['jina_ai', 'embeddings', { data: [7] }],
    ['voyage', 'embeddings', { detail: 'no' }],
    ['voyage', 'embeddings', { data: [{ data: [] }, 7] }],
    ['voyage', 'rerank', { detail: 'no' }],
    ['huggingface', 'embeddings', [[['a']]]],
    ['huggingface', 'rerank', { results: [] }],
    ['huggingface', 'rerank', [{ index: 0, relevance_score: 1 }]],
    ['infinity', 'rerank', []],
    ['whisper_cpp', 'audio-transcriptions', 'hello'],
    ['whisper_cpp', 'audio-transcriptions', {}],
    ['whisper_cpp', 'audio-translations', { text: 7 }],
    ['whisper_cpp', 'audio-transcriptions', { text: 'a', segments: [{}] }],
    ['whisper_cpp', 'audio-transcriptions', { text: 'a', segments: [{ text: 'a', start: 'b' }] }],
    ['whisper_cpp', 'audio-transcriptions', { text: 'a', segments: [{ text: 'a', words: [7] }] }],
    ['deepgram', 'audio-transcriptions', { text: 'hello' }],
    ['deepgram', 'audio-transcriptions', { results: { channels: [7] } }],
    ['deepgram', 'audio-transcriptions', { results: { channels: [{ alternatives: [] }] } }],
    ['deepgram', 'audio-speech', {}],
    ['elevenlabs', 'audio-transcriptions', { transcripts: [] }],
    ['elevenlabs', 'audio-transcriptions', { text: 'a', words: [{}] }],
    ['elevenlabs', 'audio-speech', { audio_base64: 'aGk=' }],
    ['a1111', 'images-generations', {}],
    ['a1111', 'images-generations', { images: [] }],
    ['a1111', 'images-generations', { images: ['no picture!'] }],
    ['a1111', 'images-generations', { images: [7] }],
    ['bedrock', 'chat-completions', {}],
    ['bedrock', 'chat-completions', { output: { message: { content: 'text' } } }],
    ['bedrock', 'chat-completions', { output: { message: { content: [7] } } }],
    ['bedrock', 'chat-completions', { output: { message: { content: [{ text: 7 }] } } }],
    ['bedrock', 'chat-completions', { output: { message: { content: [{ toolUse: {} }] } } }],
    ['bedrock', 'embeddings', {}],
    ['bedrock', 'embeddings', { embedding: ['a'] }],
    ['bedrock', 'images-generations', { images: [] }],
    ['bedrock', 'rerank', { results: {} }],
    ['bedrock', 'rerank', { results: [{ index: 2, relevance_score: 1 }] }],
    ['anthropic', 'chat-completions', {}],
    ['anthropic', 'chat-completions', { choices: [] }],
    ['anthropic', 'chat-completions', { content: ['hello'] }],
    ['anthropic', 'chat-completions', { content: [{ type: 'text', text: 7 }] }],
    ['anthropic', 'chat-completions', { content: [{ type: 'tool_use', name: 'a' }] }],
  ] as const)('%s %s %j', (name, endpoint, answer) => {
    const translation = readTranslation(providers[name], endpoint)
    const act = (): unknown =>
      translation?.kind === 'translated' &&
      translation.toAnswer(
        answer,
        requestFor({ endpoint, fields: { input: 'a', documents: ['a', 'b'] } }),
      )
    expect(act).toThrow(expect.objectContaining({ code: 'upstream_nonsense' }))
  })
})

test('a stream that ends before it says so is not done', () => {
  const translation = readTranslation(providers['ollama'], 'chat-completions')
  const stream =
    translation?.kind === 'translated'
      ? translation.stream?.create(requestFor({ endpoint: 'chat-completions', isStream: true }))
      : undefined
  stream?.onEvent({ message: { content: 'half an ans' }, done: false })
  expect(stream?.isDone).toBe(false)
  expect(stream?.usage).toBeUndefined()
  stream?.onEvent({ message: { content: 'wer' }, done: true, prompt_eval_count: 2, eval_count: 3 })
  expect(stream?.isDone).toBe(true)
  expect(stream?.usage).toMatchObject({ total_tokens: 5 })
  expect(stream?.onEvent({ message: { content: 'too late' } })).toEqual([])
})
