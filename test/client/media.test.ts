import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startStandIns, type StandIns } from '../../scripts/stand-ins.ts'
import { demoTone } from '../../scripts/stand-ins/wav.ts'
import {
  answerBytes,
  answerJson,
  createFakeUpstream,
  streamBytes,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'
import { readSentForm } from './sent-form.ts'

let upstream: FakeUpstream
let standIns: StandIns
let gateway: TestGateway
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'colonnade-media-'))
  writeFileSync(path.join(folder, 'tone.wav'), demoTone())
  upstream = await createFakeUpstream()
  standIns = await startStandIns()
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('whisper', upstream.url, { model: 'openai/whisper-1', temperature: 0.2 }),
        {
          model_name: 'dall-e-3',
          litellm_params: { model: 'a1111/demo', api_base: standIns.addresses.pictures },
        },
        deployment('remote-pictures', upstream.url),
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await standIns.close()
  rmSync(folder, { recursive: true, force: true })
})

const wav = () => createReadStream(path.join(folder, 'tone.wav'))
const sentForm = () => readSentForm(upstream.requests.at(-1))

describe('speech to text', () => {
  test('a real WAV arrives whole, under the upstream’s name, with defaults put in', async () => {
    upstream.script(answerJson({ text: 'hello world' }))
    const { text } = await gateway.client.audio.transcriptions.create({
      model: 'whisper',
      file: wav(),
      language: 'en',
    })
    expect(text).toBe('hello world')
    const { fields, files } = await sentForm()
    expect(fields).toEqual({ model: ['whisper-1'], language: ['en'], temperature: ['0.2'] })
    expect(files).toHaveLength(1)
    expect(files[0]).toMatchObject({ field: 'file', name: 'tone.wav' })
    expect(files[0]?.bytes.equals(demoTone())).toBe(true)
    expect(upstream.requests.at(-1)?.path).toBe('/v1/audio/transcriptions')
  })

  test.each([
    ['text', 'text/plain; charset=utf-8', 'hello wörld\n'],
    ['srt', 'text/plain', '1\n00:00:00,000 --> 00:00:01,000\nhello\n'],
    ['vtt', 'text/vtt', 'WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n'],
  ] as const)('%s passes byte for byte', async (format, type, body) => {
    upstream.script(answerBytes(body, 200, { 'content-type': type }))
    const form = new FormData()
    form.append('model', 'whisper')
    form.append('response_format', format)
    form.append('file', new Blob([Uint8Array.from(demoTone())]), 'tönchen "1".wav')
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: form,
    })
    expect(response.headers.get('content-type')).toBe(type)
    expect(await response.text()).toBe(body)
    const { fields, files } = await sentForm()
    expect(fields['response_format']).toEqual([format])
    expect(files[0]?.bytes.equals(demoTone())).toBe(true)
  })

  test('verbose_json keeps its unknown members, and repeated fields arrive', async () => {
    const body = '{ "task":"transcribe","duration":0.50,"text":"hi","words":[{"w":1e0}],"x":null }'
    upstream.script(answerBytes(body, 200, { 'content-type': 'application/json' }))
    const response = await gateway.client.audio.transcriptions
      .create({
        model: 'whisper',
        file: wav(),
        response_format: 'verbose_json',
        timestamp_granularities: ['word', 'segment'],
      })
      .asResponse()
    expect(await response.text()).toBe(body)
    const { fields } = await sentForm()
    expect(fields['timestamp_granularities[]']).toEqual(['word', 'segment'])
  })

  test.each(['before', 'behind'])('a stream asked for %s the file is a stream', async (place) => {
    const frames = [
      'data: {"type":"transcript.text.delta","delta":"hel"}\n\n',
      'data: {"type":"transcript.text.delta","delta":"lo"}\n\n',
      'data: {"type":"transcript.text.done","text":"hello"}\n\n',
    ]
    upstream.script(streamBytes(frames))
    const file = wav()
    const stream = await gateway.client.audio.transcriptions.create(
      place === 'before'
        ? { model: 'whisper', stream: true, file }
        : { model: 'whisper', file, stream: true },
    )
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual([
      'transcript.text.delta',
      'transcript.text.delta',
      'transcript.text.done',
    ])
  })

  test('translations go to their own path', async () => {
    upstream.script(answerJson({ text: 'hello' }))
    const { text } = await gateway.client.audio.translations.create({
      model: 'whisper',
      file: wav(),
    })
    expect(text).toBe('hello')
    expect(upstream.requests.at(-1)?.path).toBe('/v1/audio/translations')
  })

  test('control fields of a form are not sent on', async () => {
    upstream.script(answerJson({ text: 'x' }))
    const form = new FormData()
    form.append('num_retries', '3')
    form.append('model', 'whisper')
    form.append('file', new Blob(['RIFF']), 'a.wav')
    form.append('tags', 'a')
    form.append('prompt', 'last')
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: form,
    })
    expect(response.status).toBe(200)
    const { fields } = await sentForm()
    expect(Object.keys(fields).toSorted()).toEqual(['model', 'prompt', 'temperature'])
  })
})

test('speech is passed on as bytes with its type', async () => {
  const sound = demoTone()
  upstream.script(answerBytes(sound, 200, { 'content-type': 'audio/wav' }))
  const response = await gateway.client.audio.speech.create({
    model: 'whisper',
    voice: 'alloy',
    input: 'hello',
  })
  expect(response.headers.get('content-type')).toBe('audio/wav')
  expect(Buffer.from(await response.arrayBuffer()).equals(sound)).toBe(true)
})

describe('pictures', () => {
  const isPng = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1', 1, 4) === 'PNG'
  const image = async () => toFile(Buffer.from(onePixel, 'base64'), 'a.png', { type: 'image/png' })
  const size = '256x256'

  test('b64_json', async () => {
    const { data } = await gateway.client.images.generate({
      model: 'dall-e-3',
      prompt: 'a cat',
      n: 2,
      size,
      response_format: 'b64_json',
    })
    expect(data).toHaveLength(2)
    for (const { b64_json, url } of data ?? []) {
      expect(isPng(Buffer.from(b64_json ?? '', 'base64'))).toBe(true)
      expect(url).toBeUndefined()
    }
  })

  test.each(['url', undefined] as const)('response_format %s gives an address', async (format) => {
    const { data } = await gateway.client.images.generate({
      model: 'dall-e-3',
      prompt: 'a cat',
      size,
      ...(format && { response_format: format }),
    })
    const [picture] = data ?? []
    expect(picture?.b64_json).toBeUndefined()
    expect(picture?.url).toMatch(new RegExp(`^${gateway.url}/v1/images/files/[\\w-]{43}$`))
    const fetched = await fetch(picture?.url ?? '')
    expect(fetched.status).toBe(200)
    expect(fetched.headers.get('content-type')).toBe('image/png')
    expect(isPng(new Uint8Array(await fetched.arrayBuffer()))).toBe(true)
  })

  test('an unknown picture is a 404', async () => {
    for (const id of ['x', 'A'.repeat(43), '../../etc/passwd', '%2e%2e']) {
      const response = await fetch(`${gateway.url}/v1/images/files/${id}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    }
  })

  test('edits and variations', async () => {
    const edited = await gateway.client.images.edit({
      model: 'dall-e-3',
      image: await image(),
      prompt: 'blue',
      response_format: 'b64_json',
    })
    expect(isPng(Buffer.from(edited.data?.[0]?.b64_json ?? '', 'base64'))).toBe(true)
    const varied = await gateway.client.images.createVariation({
      model: 'dall-e-3',
      image: await image(),
      response_format: 'b64_json',
    })
    expect(isPng(Buffer.from(varied.data?.[0]?.b64_json ?? '', 'base64'))).toBe(true)
  })

  test('an upstream of OpenAI’s dialect gets form and answer through', async () => {
    upstream.script(answerJson({ created: 1, data: [{ url: 'https://example.com/a.png' }] }))
    const { data } = await gateway.client.images.edit({
      model: 'remote-pictures',
      image: await image(),
      prompt: 'blue',
    })
    expect(data?.[0]?.url).toBe('https://example.com/a.png')
    const { fields, files } = await sentForm()
    expect(fields).toMatchObject({ prompt: ['blue'], model: ['upstream-model'] })
    expect(files[0]?.bytes.toString('base64')).toBe(onePixel)
  })

  test('what the dialect cannot say is a 400 that names the field', async () => {
    const huge: string = 'huge'
    await expect(
      gateway.client.images.generate({ model: 'dall-e-3', prompt: 'a', size: huge }),
    ).rejects.toThrow(OpenAI.BadRequestError)
  })
})

const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
