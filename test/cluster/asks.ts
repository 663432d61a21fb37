import { request } from 'node:http'
import type { Agent, IncomingMessage } from 'node:http'
import { modelName } from './fleet-folder.ts'
import type { TestedModule } from './fleet-folder.ts'

/** A request as a client would make it: no second try, whatever happens. */
export interface Ask {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface Said {
  /** 0: there was no answer. */
  readonly status: number
  readonly text: string
}

interface AskOptions {
  readonly agent?: Agent
  readonly timeoutMs?: number
}

/** Sends it and hears the whole answer. Never throws. */
export async function send(
  base: string,
  ask: Ask,
  { agent, timeoutMs = 30_000 }: AskOptions = {},
): Promise<Said> {
  try {
    const response = await opened(base, ask, { timeoutMs, ...(agent && { agent }) })
    const pieces: Uint8Array[] = []
    for await (const piece of response) if (piece instanceof Uint8Array) pieces.push(piece)
    return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) }
  }
}

/** The answer as soon as it begins. */
export function opened(base: string, ask: Ask, options: AskOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { method, path, headers, body } = ask
  const call = request(
    `${base}${path}`,
    { method, headers, agent: options.agent ?? false, ...timeoutOf(options) },
    resolve,
  )
  call.on('timeout', () => call.destroy(new Error('silent for too long')))
  call.on('error', reject)
  call.end(body)
  return promise
}

function timeoutOf({ timeoutMs }: AskOptions): { timeout?: number } {
  return timeoutMs === undefined ? {} : { timeout: timeoutMs }
}

/** A question to a chat model. */
export function chatAsk(key: string, content: string, fields: object = {}): Ask {
  return post('/v1/chat/completions', key, {
    model: modelName,
    messages: [{ role: 'user', content }],
    ...fields,
  })
}

export function get(path: string, key?: string): Ask {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { method: 'GET', path, headers }
}

export function post(path: string, key: string, fields: object): Ask {
  const body = Buffer.from(JSON.stringify(fields))
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
  }
  return { method: 'POST', path, headers, body }
}

/** A request that this module serves, with this word in it: its first endpoint that is known here, else its list of models. */
export function requestTo({ endpoints, key }: TestedModule, word = 'hello'): Ask {
  for (const endpoint of endpoints) {
    const make = requests[endpoint]
    if (make !== undefined) return make(key, word)
  }
  return get('/v1/models', key)
}

type Make = (key: string, word: string) => Ask

const requests: Readonly<Record<string, Make | undefined>> = {
  'chat-completions': (key, word) => chatAsk(key, word),
  completions: (key, prompt) => post('/v1/completions', key, { model: modelName, prompt }),
  embeddings: (key, input) => post('/v1/embeddings', key, { model: modelName, input }),
  'images-generations': (key, prompt) =>
    post('/v1/images/generations', key, { model: modelName, prompt }),
  'audio-transcriptions': (key, word) => recording('/v1/audio/transcriptions', key, word),
  'audio-translations': (key, word) => recording('/v1/audio/translations', key, word),
}

/** A form with a file that is no sound, which only the model server would mind. */
function recording(path: string, key: string, word: string): Ask {
  const edge = 'edge-of-the-form'
  const part = (head: string, text: string): string =>
    `--${edge}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`
  const body = Buffer.from(
    `${part('name="model"', modelName)}${part('name="file"; filename="a.wav"', word)}--${edge}--\r\n`,
  )
  return {
    method: 'POST',
    path,
    body,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': `multipart/form-data; boundary=${edge}`,
      'content-length': String(body.length),
    },
  }
}
