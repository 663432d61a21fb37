import { readFileSync } from 'node:fs'
import { toFile } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerBytes,
  answerError,
  answerJson,
  createFakeUpstream,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')).answer
const heardByWhisper = recorded('whisper-cpp/verbose-words')
const heardByDeepgram = recorded('deepgram/verbose')
const heardByElevenLabs = recorded('elevenlabs/json')

const tone = readFileSync(new URL('../fixtures/sounds/tone.mp3', import.meta.url))
const file = (bytes: Uint8Array = tone) => toFile(bytes, 'tone.mp3', { type: 'audio/mpeg' })

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string, more: object = {}) => ({
    model_name,
    litellm_params: { model, api_base: upstream.url, api_key: 'secret-key', ...more },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('whisper', 'whisper_cpp/large-v3', { base_model: 'whisper-1' }),
        entry('nova', 'deepgram/nova-3', { base_model: 'deepgram/nova-3' }),
        entry('scribe', 'elevenlabs/scribe_v2', { input_cost_per_second: 0.01 }),
        entry('lenient', 'deepgram/nova-3', { drop_params: true, keyterm: ['Ada', 'Bob'] }),
        entry('aura', 'deepgram/aura-2'),
        entry('eleven', 'elevenlabs/eleven_multilingual_v2', { base_model: 'tts-1' }),
        entry('piper', 'piper/en_US-lessac-medium', { input_cost_per_second: 0.01 }),
        entry('kokoro', 'kokoro/kokoro', { api_base: `${upstream.url}/v1` }),
      ],
      router_settings: { num_retries: 1, retry_after: 0 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(answerError(500)))

const last = () => {
  const seen = upstream.requests.at(-1)
  if (seen === undefined) throw new Error('nothing was sent')
  return seen
}
/** A form as its server reads it. */
async function formOf({ headers, body }: ReturnType<typeof last>): Promise<FormData> {
  const type = headers['content-type'] ?? ''
  return new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
}

describe('transcriptions', () => {
  test('whisper.cpp gets a form, and its tokens come back as words', async () => {
    upstream.script(answerJson(heardByWhisper))
    const heard = await gateway.client.audio.transcriptions.create({
      model: 'whisper',
      file: await file(),
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
      temperature: 0.2,
    })
    expect(heard).toMatchObject({ text: 'Go forward, applicably. Stop now.', duration: 4.5 })
    expect(heard.segments).toHaveLength(2)
    expect(heard.words?.map(({ word }) => word)).toEqual([
      'Go',
      'forward,',
      'appli',
      'cably.',
      'Stop',
      'now.',
    ])
    expect(last().path).toBe('/inference')
    const form = await formOf(last())
    const sound = form.get('file')
    expect(sound).toBeInstanceOf(File)
    if (sound instanceof File)
      expect(Buffer.from(await sound.arrayBuffer()).equals(tone)).toBe(true)
    form.delete('file')
    expect(Object.fromEntries(form)).toEqual({
      split_on_word: 'true',
      no_language_probabilities: 'true',
      language: 'auto',
      temperature: '0.2',
      response_format: 'verbose_json',
    })
  })

  test('whisper.cpp translates where translations are asked for', async () => {
    upstream.script(answerJson(heardByWhisper))
    const heard = await gateway.client.audio.translations.create({
      model: 'whisper',
      file: await file(),
      response_format: 'srt',
    })
    expect(heard).toMatch(/^1\n00:00:00,000 --> 00:00:01,900\nGo forward, appli\n\n2\n/)
    expect((await formOf(last())).get('translate')).toBe('true')
  })

  test.each(['before', 'behind'])('Deepgram gets the file, its fields %s it', async (where) => {
    upstream.script(answerJson(heardByDeepgram))
    // Larger than what is held in memory.
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'colonnade')
    const fields = { model: 'nova', response_format: 'vtt', language: 'de' } as const
    const body = where === 'before' ? { ...fields, file: await file(bytes) } : undefined
    const heard = await gateway.client.audio.transcriptions.create(
      body ?? { model: 'nova', file: await file(bytes), response_format: 'vtt', language: 'de' },
    )
    expect(heard).toBe(
      'WEBVTT\n\n00:00:00.080 --> 00:00:00.800\nHello, world.\n\n00:00:02.100 --> 00:00:03.200\nIs anybody there?\n\n',
    )
    const { path, headers, body: sent } = last()
    expect(path).toBe('/v1/listen?smart_format=true&utterances=true&language=de&model=nova-3')
    expect(headers).toMatchObject({
      authorization: 'Token secret-key',
      'content-type': 'audio/mpeg',
      'content-length': `${bytes.length}`,
    })
    expect(sent.equals(bytes)).toBe(true)
  })

  test('ElevenLabs gets a form', async () => {
    upstream.script(answerJson(heardByElevenLabs))
    const heard = await gateway.client.audio.transcriptions.create({
      model: 'scribe',
      file: await file(),
    })
    expect(heard.text).toBe('Hello world! (laughter) Fine.')
    expect(last().headers['xi-api-key']).toBe('secret-key')
    expect((await formOf(last())).get('model_id')).toBe('scribe_v2')
  })

  test('a file is sent once more after a failure', async () => {
    upstream.script([answerError(500), answerJson(heardByDeepgram)])
    const seen = upstream.requests.length
    const heard = await gateway.client.audio.transcriptions.create({
      model: 'nova',
      file: await file(),
    })
    expect(heard.text).toBe('Hello, world. Is anybody there?')
    const [first, second] = upstream.requests.slice(seen)
    expect(first?.body.equals(tone)).toBe(true)
    expect(second?.body.equals(tone)).toBe(true)
  })

  test('what a server cannot do is refused before it is asked', async () => {
    const seen = upstream.requests.length
    const asking = (fields: object) =>
      file().then((sound) =>
        gateway.client.audio.transcriptions.create({ model: 'nova', file: sound, ...fields }),
      )
    const refusal = (param: string) => ({ status: 400, param, code: 'unsupported_parameter' })
    await expect(asking({ stream: true })).rejects.toMatchObject(refusal('stream'))
    await expect(asking({ prompt: 'Ada' })).rejects.toMatchObject(refusal('prompt'))
    await expect(asking({ include: ['logprobs'] })).rejects.toMatchObject(refusal('include'))
    await expect(asking({ response_format: 'diarized_json' })).rejects.toMatchObject(
      refusal('response_format'),
    )
    await expect(asking({ timestamp_granularities: ['word'] })).rejects.toMatchObject({
      status: 400,
      param: 'timestamp_granularities',
    })
    await expect(
      gateway.client.audio.translations.create({ model: 'nova', file: await file() }),
    ).rejects.toMatchObject({ status: 404, code: 'endpoint_not_offered' })
    expect(upstream.requests).toHaveLength(seen)
  })

  test('or left out, where the model drops such parameters', async () => {
    upstream.script(answerJson(heardByDeepgram))
    const answer = await gateway.client.audio.transcriptions
      .create({ model: 'lenient', file: await file(), stream: true, prompt: 'Ada' })
      .asResponse()
    expect(await answer.json()).toMatchObject({ text: 'Hello, world. Is anybody there?' })
    expect(last().path).toBe('/v1/listen?smart_format=true&keyterm=Ada&keyterm=Bob&model=nova-3')
  })
})

describe('speech', () => {
  const speak = (model: string, more: object = {}) =>
    gateway.client.audio.speech.create({ model, input: 'Hello.', voice: 'alloy', ...more })

  test.each([
    ['eleven', 'audio/mpeg', '/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM?output_format=mp3_44100_128'],
    ['aura', 'audio/mpeg', '/v1/speak?encoding=mp3&model=aura-2-asteria-en'],
    ['piper', 'text/html; charset=utf-8', '/synthesize'],
    ['kokoro', 'audio/mpeg', '/v1/audio/speech'],
  ])('%s speaks', async (model, told, path) => {
    upstream.script(answerBytes('ID3sound', 200, { 'content-type': told }))
    const answer = await speak(model)
    expect(await answer.text()).toBe('ID3sound')
    expect(answer.headers.get('content-type')).toBe(model === 'piper' ? 'audio/wav' : 'audio/mpeg')
    expect(last().path).toBe(path)
  })

  test('a caller that leaves ends the call', async () => {
    upstream.script(
      streamBytes(
        Array.from({ length: 200 }, () => 'sound'),
        {
          contentType: 'audio/mpeg',
          delayMs: 20,
        },
      ),
    )
    const controller = new AbortController()
    const answer = await gateway.client.audio.speech.create(
      { model: 'eleven', input: 'Hello.', voice: 'alloy' },
      { signal: controller.signal },
    )
    const reader = answer.body?.getReader()
    await reader?.read()
    controller.abort()
    await expect(reader?.read()).rejects.toThrow()
    expect(await last().ended).toBe('gone')
  })

  test('JSON in place of sound is nonsense, another server may be asked', async () => {
    upstream.script(answerJson({ audio: 'aGk=' }))
    await expect(speak('eleven')).rejects.toMatchObject({ status: 502, code: 'upstream_nonsense' })
  })

  test('what a server cannot do is refused before it is asked', async () => {
    const seen = upstream.requests.length
    const refusal = (param: string) => ({ status: 400, param, code: 'unsupported_parameter' })
    await expect(speak('piper', { response_format: 'mp3' })).rejects.toMatchObject(
      refusal('response_format'),
    )
    await expect(speak('eleven', { speed: 4 })).rejects.toMatchObject(refusal('speed'))
    await expect(speak('aura', { instructions: 'Whisper.' })).rejects.toMatchObject(
      refusal('instructions'),
    )
    await expect(speak('eleven', { stream_format: 'sse' })).rejects.toMatchObject(
      refusal('stream_format'),
    )
    await expect(speak('eleven', { voice: '../../v1/voices' })).rejects.toMatchObject({
      status: 400,
      param: 'voice',
    })
    expect(upstream.requests).toHaveLength(seen)
  })
})

describe('money', () => {
  const costHeader = 'x-litellm-response-cost'

  test('of a transcript by the seconds that its server tells', async () => {
    upstream.script(answerJson(heardByDeepgram))
    const { response } = await gateway.client.audio.transcriptions
      .create({ model: 'nova', file: await file(), response_format: 'srt' })
      .withResponse()
    // 5.92 s at 0.00007167 dollars.
    expect(Number(response.headers.get(costHeader))).toBeCloseTo(0.000424286, 8)
  })

  test('or by those that are heard in the file on its way', async () => {
    upstream.script(answerJson({ text: 'beep' }))
    const { response } = await gateway.client.audio.transcriptions
      .create({ model: 'scribe', file: await file() })
      .withResponse()
    const seconds = Number(response.headers.get(costHeader)) / 0.01
    expect(seconds).toBeGreaterThan(0.5)
  })

  test('of speech by its characters, or by the length of what is made', async () => {
    upstream.script(answerBytes('ID3sound', 200, { 'content-type': 'audio/mpeg' }))
    const answer = await gateway.client.audio.speech.create({
      model: 'eleven',
      input: '👋 Hello.',
      voice: 'alloy',
    })
    // 8 characters at 15 dollars a million.
    expect(Number(answer.headers.get(costHeader))).toBeCloseTo(0.00012, 8)

    const before = await gateway.metric('litellm_spend_metric_total')
    upstream.script(answerBytes(wavOf(2), 200, { 'content-type': 'text/html' }))
    await (
      await gateway.client.audio.speech.create({ model: 'piper', input: 'Hi.', voice: 'alloy' })
    ).arrayBuffer()
    await until(async () => (await gateway.metric('litellm_spend_metric_total')) > before)
    expect((await gateway.metric('litellm_spend_metric_total')) - before).toBeCloseTo(0.02, 6)
  })
})

describe('failures', () => {
  test.each([
    [
      'nova',
      answerJson({ err_code: 'Bad Request', err_msg: 'corrupt or unsupported data' }, 400),
      { status: 400, code: 'upstream_rejected', message: /corrupt or unsupported data/ },
    ],
    [
      'scribe',
      answerJson({ detail: { status: 'quota_exceeded', message: 'Too few credits.' } }, 401),
      { status: 502, code: 'upstream_refused_our_key', message: /out of credit/ },
    ],
    [
      'scribe',
      answerJson({ detail: { status: 'invalid_api_key', message: 'Invalid API key' } }, 401),
      { status: 502, code: 'upstream_refused_our_key', message: /Set a valid api_key/ },
    ],
    [
      'whisper',
      answerJson({ error: 'failed to read audio data' }, 400),
      { status: 400, code: 'upstream_rejected', message: /failed to read audio data/ },
    ],
    [
      'whisper',
      answerBytes('<html>busy</html>', 503),
      { status: 502, code: 'upstream_failed', message: /failed with status 503/ },
    ],
  ])('of %s', async (model, behaviour, { message, ...expected }) => {
    upstream.script(behaviour)
    const failing = gateway.client.audio.transcriptions.create({ model, file: await file() })
    await expect(failing).rejects.toMatchObject(expected)
    await expect(failing).rejects.toThrow(message)
  })
})

/** Silence of so many seconds. */
function wavOf(seconds: number): Buffer {
  const rate = 8000
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(36 + rate * 2 * seconds, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(rate * 2 * seconds, 40)
  return Buffer.concat([head, Buffer.alloc(rate * 2 * seconds)])
}
