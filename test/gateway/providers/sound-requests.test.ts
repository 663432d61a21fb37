import { describe, expect, test } from 'vitest'

import { providers } from '../../../gateway/providers/index.ts'
import type { ModelRequest, Provider } from '../../../gateway/providers/provider.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { requestFor, targetFor, translationOf } from './run-fixture.ts'

function providerOf(name: string): Provider {
  const { [name]: found } = providers
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

const call = (
  name: string,
  endpoint: EndpointName,
  fields: Record<string, unknown>,
  { model = 'm', dropParams = false } = {},
) => {
  const request: ModelRequest = requestFor({ endpoint, fields })
  return translationOf(providerOf(name), endpoint).toUpstream(
    request,
    targetFor(model, { dropParams }),
  )
}
const speech = 'audio-speech'
const transcription = 'audio-transcriptions'

describe('what cannot be said is refused by name, or left out', () => {
  test.each([
    [
      'elevenlabs',
      speech,
      { input: 'a', voice: 'alloy', response_format: 'aac' },
      'response_format',
    ],
    ['elevenlabs', speech, { input: 'a', voice: 'alloy', speed: 0.5 }, 'speed'],
    ['elevenlabs', speech, { input: 'a', voice: 'alloy', instructions: 'Sing.' }, 'instructions'],
    ['elevenlabs', transcription, { prompt: 'Ada' }, 'prompt'],
    ['elevenlabs', transcription, { webhook: 'true' }, 'webhook'],
    ['deepgram', speech, { input: 'a', speed: 2 }, 'speed'],
    ['deepgram', speech, { input: 'a', stream_format: 'sse' }, 'stream_format'],
    ['deepgram', transcription, { temperature: '0.5' }, 'temperature'],
    ['deepgram', transcription, { callback: 'https://example.com' }, 'callback'],
    ['deepgram', transcription, { chunking_strategy: '{}' }, 'chunking_strategy'],
    ['piper', speech, { input: 'a', response_format: 'opus' }, 'response_format'],
    ['whisper_cpp', transcription, { include: ['logprobs'] }, 'include'],
    ['whisper_cpp', transcription, { known_speaker_names: ['a'] }, 'known_speaker_names'],
    ['whisper_cpp', transcription, { response_format: 'diarized_json' }, 'response_format'],
  ] as const)('%s %s %j', (name, endpoint, fields, param) => {
    expect(() => call(name, endpoint, fields)).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param }),
    )
    const sent = JSON.stringify(call(name, endpoint, fields, { dropParams: true }))
    expect(sent).not.toContain(param === 'response_format' ? fields[param] : `"${param}"`)
  })
})

test.each([
  ['elevenlabs', speech, { input: 'a' }, 'voice'],
  ['elevenlabs', speech, { input: 'a', voice: 'nobody' }, 'voice'],
  ['elevenlabs', speech, { input: 'a', voice: { name: 7 } }, 'voice'],
  ['elevenlabs', speech, { input: ' ', voice: 'alloy' }, 'input'],
  ['elevenlabs', speech, { input: 'a', voice: 'alloy', speed: 'fast' }, 'speed'],
  ['elevenlabs', speech, { input: 'a', voice: 'alloy', enable_logging: {} }, 'enable_logging'],
  ['deepgram', speech, { input: 'a', voice: 'a&model=b' }, 'voice'],
  ['deepgram', transcription, { keyterm: [{}] }, 'keyterm'],
  ['deepgram', transcription, { language: 7 }, 'language'],
  ['piper', speech, { input: 'a', voice: '../secret' }, 'voice'],
  ['whisper_cpp', transcription, { temperature: 'warm' }, 'temperature'],
  ['whisper_cpp', transcription, { timestamp_granularities: ['word'] }, 'timestamp_granularities'],
  [
    'whisper_cpp',
    transcription,
    { response_format: 'verbose_json', timestamp_granularities: ['letter'] },
    'timestamp_granularities',
  ],
] as const)('%s %s %j is wrong', (name, endpoint, fields, param) => {
  expect(() => call(name, endpoint, fields)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param }),
  )
})

describe('Deepgram has its voices in its models', () => {
  test.each([
    ['aura-2', undefined, 'aura-2-asteria-en'],
    ['aura-2', 'shimmer', 'aura-2-hera-en'],
    ['aura', 'Zeus', 'aura-zeus-en'],
    ['aura-2-es', 'celeste', 'aura-2-celeste-es'],
    ['aura-2-thalia-en', undefined, 'aura-2-thalia-en'],
    ['aura-2-thalia-en', 'alloy', 'aura-2-thalia-en'],
    ['aura-2-thalia-en', 'zeus', 'aura-2-zeus-en'],
    ['aura-2-thalia-en', 'aura-luna-en', 'aura-luna-en'],
    ['flux-1', 'alloy', 'flux-1'],
  ])('%s with %s is %s', (model, voice, named) => {
    const { path } = call('deepgram', speech, { input: 'a', voice }, { model })
    expect(new URLSearchParams(path.split('?')[1]).get('model')).toBe(named)
  })
})

describe('a key goes as each vendor wants it', () => {
  test.each([
    ['deepgram', 'abc', ['authorization', 'Token abc']],
    ['deepgram', 'eyJhbGciOi.e.s', ['authorization', 'Bearer eyJhbGciOi.e.s']],
    ['elevenlabs', 'abc', ['xi-api-key', 'abc']],
  ])('%s %s', (name, key, header) => expect(providerOf(name).keyHeader?.(key)).toEqual(header))
})

describe('names that a server lists are those that are asked for, or none', () => {
  test.each([
    ['deepgram', { stt: [{ canonical_name: 'nova-3-general' }], tts: [] }, []],
    ['elevenlabs', [{ model_id: 'eleven_v3' }], []],
    ['whisper_cpp', { status: 'ok' }, []],
    ['piper', { 'en_US-lessac-medium': {} }, ['en_US-lessac-medium']],
    ['piper', [], []],
    ['kokoro', { data: [{ id: 'kokoro' }] }, ['kokoro']],
  ])('%s', (name, answer, names) =>
    expect(providerOf(name).modelList.namesIn(answer)).toEqual(names),
  )
})
