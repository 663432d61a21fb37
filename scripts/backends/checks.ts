import { readFileSync } from 'node:fs'
import { OpenAI, toFile } from 'openai'

/** How a module is reached. */
export interface Place {
  readonly baseURL: string
  readonly apiKey: string
}

/** One thing a real backend has to do through its module, and the words that say what came back. */
export interface Check {
  readonly module: string
  readonly what: string
  /** Throws where the answer is not what was asked for. */
  readonly run: (client: OpenAI) => Promise<string>
}

/** Everything that is asked of the five shipped modules. */
export function createChecks(pictureFile: string): Check[] {
  const picture = readFileSync(pictureFile)
  return [
    { module: 'llm', what: 'a streamed sentence', run: streamSentence },
    {
      module: 'vision',
      what: 'the words in a picture',
      run: (client) => readPicture(client, picture),
    },
    { module: 'audio', what: '"hello world" spoken and heard', run: speakAndHear },
    { module: 'image-gen', what: 'a picture as b64_json', run: paintInline },
    { module: 'image-gen', what: 'a picture as url', run: paintLinked },
    { module: 'embeddings', what: 'near and far sentences', run: compareSentences },
  ]
}

/** An official client for a module; nothing is tried twice, so that what is seen is the first answer. */
export function clientOf(place: Place): OpenAI {
  return new OpenAI({ ...place, maxRetries: 0, timeout: 180_000 })
}

async function streamSentence(client: OpenAI): Promise<string> {
  const stream = await client.chat.completions.create({
    model: 'llama',
    messages: [{ role: 'user', content: 'Say in one short sentence what a column is.' }],
    max_tokens: 40,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let chunks = 0
  let tokens: number | undefined
  for await (const chunk of stream) {
    expect(chunk.model === 'llama', `a chunk of the model asked for, found "${chunk.model}"`)
    text += chunk.choices[0]?.delta.content ?? ''
    tokens = chunk.usage?.completion_tokens ?? tokens
    chunks += 1
  }
  expect(text.trim() !== '' && chunks > 2, `a text in several chunks, found ${chunks} chunks`)
  expect(tokens !== undefined && tokens > 0, `usage at the end, found ${tokens}`)
  return `"${shortened(text)}", ${chunks} chunks, ${tokens} tokens`
}

async function readPicture(client: OpenAI, picture: Buffer): Promise<string> {
  const url = `data:image/png;base64,${picture.toString('base64')}`
  const answer = await client.chat.completions.create({
    model: 'gpt-4-vision',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Which words are in this picture?' },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ],
    max_tokens: 60,
  })
  const text = answer.choices[0]?.message.content ?? ''
  expect(/colonnade\s*42/i.test(text), `the words COLONNADE 42, found "${shortened(text)}"`)
  return `"${shortened(text)}"`
}

async function speakAndHear(client: OpenAI): Promise<string> {
  const spoken = await client.audio.speech.create({
    model: 'whisper',
    voice: 'alloy',
    input: 'hello world',
    response_format: 'wav',
  })
  const sound = Buffer.from(await spoken.arrayBuffer())
  expect(sound.toString('latin1', 0, 4) === 'RIFF', 'a WAV file')
  const file = await toFile(sound, 'hello.wav', { type: 'audio/wav' })
  const heard = await client.audio.transcriptions.create({ model: 'whisper', file })
  expect(/hello\W*world/i.test(heard.text), `hello world, found "${shortened(heard.text)}"`)
  return `${sound.length} bytes of sound, heard as "${shortened(heard.text)}"`
}

const scene = { model: 'dall-e-3', prompt: 'a row of columns at dawn', size: '512x512' } as const

async function paintInline(client: OpenAI): Promise<string> {
  const answer = await client.images.generate({ ...scene, response_format: 'b64_json' })
  return describePicture(Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64'))
}

async function paintLinked(client: OpenAI): Promise<string> {
  const answer = await client.images.generate({ ...scene, response_format: 'url' })
  const url = answer.data?.[0]?.url ?? ''
  expect(URL.canParse(url), `an address, found "${url}"`)
  const fetched = await fetch(url)
  expect(fetched.ok, `a picture at its address, found status ${fetched.status}`)
  return describePicture(Buffer.from(await fetched.arrayBuffer()))
}

function describePicture(bytes: Buffer): string {
  expect(bytes.toString('latin1', 1, 4) === 'PNG', `a PNG file, found ${bytes.length} other bytes`)
  return `PNG of ${bytes.readUInt32BE(16)} × ${bytes.readUInt32BE(20)}, ${bytes.length} bytes`
}

async function compareSentences(client: OpenAI): Promise<string> {
  const answer = await client.embeddings.create({
    model: 'all-minilm',
    input: [
      'A cat sleeps on the sofa.',
      'A kitten is napping on the couch.',
      'The central bank raised its interest rate.',
    ],
  })
  const [cat, kitten, bank] = answer.data.map(({ embedding }) => embedding)
  if (!cat || !kitten || !bank)
    throw new Error(`expected three vectors, found ${answer.data.length}`)
  const near = cosine(cat, kitten)
  const far = cosine(cat, bank)
  expect(near > far + 0.1, `the near pair above the far one, found ${near} and ${far}`)
  return `${cat.length} numbers each, cosine ${near.toFixed(2)} near, ${far.toFixed(2)} far`
}

/** 1 for the same direction, 0 for none in common. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`expected ${what}`)
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  return line.length > 90 ? `${line.slice(0, 90)}…` : line
}
