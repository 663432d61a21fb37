import { inflateSync } from 'node:zlib'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStandIns, type StandIns } from '../../scripts/stand-ins.ts'

let standIns: StandIns

beforeAll(async () => {
  standIns = await startStandIns({ models: ['qwen3:8b'] })
})

afterAll(() => standIns.close())

const clientOf = (address: string): OpenAI =>
  new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none' })

async function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', body: JSON.stringify(body) })
}

describe('the stand-in for Ollama', () => {
  test('chats in lines and in one piece, and says that it is a demo', async () => {
    const url = `${standIns.addresses.ollama}/api/chat`
    const body = { model: 'qwen3:8b', messages: [{ role: 'user', content: 'Are you there?' }] }
    const lines = (await (await post(url, body)).text()).trim().split('\n')
    const events = lines.map((line): { done: boolean; message: { content: string } } =>
      JSON.parse(line),
    )
    const streamed = events.map((event) => event.message.content).join('')
    expect(events.map((event) => event.done).filter(Boolean)).toEqual([true])
    expect(streamed).toContain('demo answer')
    expect(streamed).toContain('Are you there?')
    const whole = await (await post(url, { ...body, stream: false })).json()
    expect(whole).toMatchObject({
      model: 'demo/qwen3:8b',
      message: { content: streamed },
      done: true,
    })
  })

  test('completes and lists models', async () => {
    const generated = await post(`${standIns.addresses.ollama}/api/generate`, {
      model: 'm',
      prompt: 'x',
      stream: false,
    })
    expect(await generated.json()).toMatchObject({
      response: expect.stringContaining('demo'),
      done: true,
    })
    const tags = await fetch(`${standIns.addresses.ollama}/api/tags`)
    expect(await tags.json()).toMatchObject({ models: [{ name: 'demo' }, { name: 'qwen3:8b' }] })
  })

  test('texts with words in common have nearer embeddings', async () => {
    const input = ['the cat sat on the mat', 'a cat on a mat', 'quarterly tax report']
    const answer = await post(`${standIns.addresses.ollama}/api/embed`, { model: 'm', input })
    const { embeddings }: { embeddings: number[][] } = JSON.parse(await answer.text())
    const cosine = (a = 0, b = 0): number =>
      (embeddings[a] ?? []).reduce((sum, value, at) => sum + value * (embeddings[b]?.[at] ?? 0), 0)
    expect(cosine(0, 1)).toBeGreaterThan(cosine(0, 2))
    expect(cosine(1, 1)).toBeCloseTo(1)
  })

  test('sees that a picture came, in the dialect of OpenAI', async () => {
    const answer = await clientOf(standIns.addresses.ollama).chat.completions.create({
      model: 'llava',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
          ],
        },
      ],
    })
    expect(answer).toMatchObject({ model: 'demo/llava', system_fingerprint: 'demo' })
    expect(answer.choices[0]?.message.content).toMatch(/demo.*What is it\?.*a picture/)
  })
})

test('the stand-in for OpenAI streams with usage', async () => {
  const stream = await clientOf(standIns.addresses.openai).chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'hello' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let tokens = 0
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    tokens += chunk.usage?.total_tokens ?? 0
  }
  expect(text).toContain('demo')
  expect(tokens).toBeGreaterThan(1)
})

test('the stand-in for OpenAI embeds in both encodings alike', async () => {
  const client = clientOf(standIns.addresses.openai)
  const floats = await client.embeddings.create({
    model: 'm',
    input: 'hello world',
    encoding_format: 'float',
  })
  const decoded = await client.embeddings.create({ model: 'm', input: 'hello world' })
  expect(decoded.data[0]?.embedding.length).toBe(64)
  expect(decoded.data[0]?.embedding[0]).toBeCloseTo(floats.data[0]?.embedding[0] ?? Number.NaN, 5)
})

describe('the stand-in for a Whisper server', () => {
  test('names the file it was sent', async () => {
    const client = clientOf(standIns.addresses.speech)
    const file = await toFile(Buffer.from('sound'), 'hello.wav')
    const heard = await client.audio.transcriptions.create({ model: 'whisper', file })
    expect(heard.text).toMatch(/demo transcription of hello\.wav \(5 bytes\)/)
    const plain: unknown = await client.audio.translations.create({
      model: 'whisper',
      file,
      response_format: 'text',
    })
    expect(plain).toContain('demo translation')
  })

  test('says what is missing', async () => {
    const answer = await fetch(`${standIns.addresses.speech}/v1/audio/transcriptions`, {
      method: 'POST',
    })
    expect(answer.status).toBe(400)
  })

  test('speaks a real wave file', async () => {
    const answer = await clientOf(standIns.addresses.speech).audio.speech.create({
      model: 'tts',
      voice: 'alloy',
      input: 'hi',
    })
    const sound = Buffer.from(await answer.arrayBuffer())
    expect(sound.subarray(0, 4).toString()).toBe('RIFF')
    expect(sound.readUInt32LE(4)).toBe(sound.length - 8)
    expect(sound.includes('demo')).toBe(true)
  })
})

test('the stand-in for Stable Diffusion WebUI draws real pictures of the asked size', async () => {
  const body = { prompt: 'a house', n_iter: 2, width: 64, height: 40 }
  const answer = await post(`${standIns.addresses.pictures}/sdapi/v1/txt2img`, body)
  const { images }: { images: string[] } = JSON.parse(await answer.text())
  expect(images.length).toBe(2)
  const png = Buffer.from(images[0] ?? '', 'base64')
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([64, 40])
  const data = png.indexOf('IDAT')
  const pixels = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)))
  expect(pixels.length).toBe(40 * (1 + 64 * 3))
})

test('an unknown path says what there is', async () => {
  const answer = await fetch(`${standIns.addresses.pictures}/v1/x`)
  expect(answer.status).toBe(404)
  expect(await answer.text()).toContain('/sdapi/v1/txt2img')
})

test('a port in use is a sentence that names it', async () => {
  const port = Number(new URL(standIns.addresses.ollama).port)
  await expect(startStandIns({ pictures: port })).rejects.toThrow(`port ${port}: is it in use?`)
})
