import OpenAI, { toFile } from 'openai'
import type { EndpointName } from '../../modules/endpoints.ts'
import { drawDemo } from '../stand-ins/png.ts'
import { demoTone } from '../stand-ins/wav.ts'

export interface DemoTarget {
  readonly name: string
  /** `http://127.0.0.1:30100` */
  readonly address: string
  readonly apiKey: string
  readonly endpoints: readonly EndpointName[]
  /** Public names. */
  readonly models: readonly string[]
}

/** What one request brought, in a sentence. */
export interface DemoAnswer {
  readonly isGood: boolean
  readonly text: string
}

type Ask = (client: OpenAI, model: string) => Promise<string>

/** The one request a module is shown by: the first of these that it offers. */
const requests: readonly (readonly [EndpointName, Ask])[] = [
  ['chat-completions', streamChat],
  ['completions', complete],
  ['audio-transcriptions', transcribe],
  ['audio-speech', speak],
  ['images-generations', draw],
  ['embeddings', embed],
]

const seesPictures = /vision|llava|-vl\b/i

/** Sends a module one real request by the `openai` client, and tells what came back. */
export async function askDemo(target: DemoTarget): Promise<DemoAnswer> {
  const [endpoint, ask] = requests.find(([name]) => target.endpoints.includes(name)) ?? []
  const model = target.models[0]
  if (endpoint === undefined || ask === undefined || model === undefined)
    return { isGood: true, text: 'has no endpoint or model that the demo asks' }
  const client = new OpenAI({
    baseURL: `${target.address}/v1`,
    apiKey: target.apiKey,
    maxRetries: 1,
    timeout: 20_000,
  })
  const asked = model.replaceAll('*', 'any')
  try {
    const isSeeing =
      endpoint === 'chat-completions' && target.models.some((name) => seesPictures.test(name))
    return { isGood: true, text: await (isSeeing ? describePicture : ask)(client, asked) }
  } catch (error) {
    return {
      isGood: false,
      text: `${endpoint} failed: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

async function streamChat(client: OpenAI, model: string): Promise<string> {
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'What holds up a colonnade?' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let pieces = 0
  let from = ''
  let tokens = 0
  for await (const chunk of stream) {
    const piece = chunk.choices[0]?.delta.content ?? ''
    if (piece !== '') pieces++
    text += piece
    from = chunk.model
    tokens = chunk.usage?.total_tokens ?? tokens
  }
  return `chat, streamed in ${pieces} pieces: "${oneLine(text)}" (model ${from}, ${tokens} tokens)`
}

async function describePicture(client: OpenAI, model: string): Promise<string> {
  const url = `data:image/png;base64,${drawDemo('a row of columns', 64, 64).toString('base64')}`
  const answer = await client.chat.completions.create({
    model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is in this picture?' },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ],
  })
  return `picture described: "${oneLine(answer.choices[0]?.message.content ?? '')}" (model ${answer.model})`
}

async function complete(client: OpenAI, model: string): Promise<string> {
  const answer = await client.completions.create({ model, prompt: 'A colonnade is' })
  return `completion: "${oneLine(answer.choices[0]?.text ?? '')}" (model ${answer.model})`
}

async function transcribe(client: OpenAI, model: string): Promise<string> {
  const file = await toFile(demoTone(), 'demo.wav', { type: 'audio/wav' })
  const { text } = await client.audio.transcriptions.create({ model, file })
  return `demo.wav transcribed: "${oneLine(text)}" (model ${model})`
}

async function speak(client: OpenAI, model: string): Promise<string> {
  const answer = await client.audio.speech.create({
    model,
    voice: 'alloy',
    input: 'A row of columns.',
  })
  return `speech: ${(await answer.arrayBuffer()).byteLength} bytes of sound (model ${model})`
}

async function draw(client: OpenAI, model: string): Promise<string> {
  const answer = await client.images.generate({
    model,
    prompt: 'A row of columns',
    size: '512x512',
    response_format: 'b64_json',
  })
  const bytes = Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64')
  if (bytes.length < 24) throw new Error('the answer holds no picture')
  // A PNG says its width and height at these places.
  const size = `${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`
  return `picture made: ${size} pixels, ${bytes.length} bytes of PNG (model ${model})`
}

async function embed(client: OpenAI, model: string): Promise<string> {
  const answer = await client.embeddings.create({
    model,
    input: ['a row of columns', 'a line of pillars'],
  })
  const dimensions = answer.data.map(({ embedding }) => embedding.length)
  return `${answer.data.length} texts embedded, ${dimensions[0]} dimensions each (model ${answer.model})`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
