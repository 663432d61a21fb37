import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as the upstream saw it. */
interface SeenRequest {
  readonly method: string
  /** With the query, as on the wire. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Complete by the time a behaviour runs; empty before. */
  body: Buffer
  /** How the exchange ended: the answer went out whole, or the socket closed before. */
  readonly ended: Promise<'answered' | 'gone'>
}

/** Answers one request. It may write at any pace, stop half way, or destroy the socket. */
export type Behaviour = (request: SeenRequest, response: ServerResponse) => void | Promise<void>

export interface FakeUpstream {
  /** `http://127.0.0.1:<port>`, without `/v1`. */
  readonly url: string
  readonly port: number
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly SeenRequest[]
  /** One behaviour for all requests, or a list: one a request, the last one for all that follow. */
  script(behaviour: Behaviour | readonly Behaviour[]): void
  /** Resolves as soon as `count` requests have arrived. */
  arrived(count: number): Promise<void>
  openSockets(): number
  close(): Promise<void>
}

/** A scripted upstream on a free loopback port. Without a script it answers each request with a chat answer. */
export async function createFakeUpstream(
  behaviour: Behaviour | readonly Behaviour[] = answerChat(),
): Promise<FakeUpstream> {
  const requests: SeenRequest[] = []
  const sockets = new Set<Socket>()
  const waiting: { count: number; resolve: () => void }[] = []
  let script = listOf(behaviour)

  const server = createServer((incoming, response) => {
    const seen = seenRequest(incoming, response)
    requests.push(seen)
    for (const one of waiting) if (requests.length >= one.count) one.resolve()
    const next = script.length > 1 ? script.shift() : script[0]
    void exchange(incoming, seen, response, next)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = addressOf(server.address())

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    script: (next) => {
      script = listOf(next)
    },
    arrived: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.push({ count, resolve })),
    openSockets: () => sockets.size,
    close: async () => {
      const closed = [...sockets].map((socket) => once(socket, 'close'))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
      if (server.listening) await new Promise((resolve) => void server.close(resolve))
    },
  }
}

/** An address on loopback where nobody listens: every connection is refused. */
export async function refusingUrl(): Promise<string> {
  const upstream = await createFakeUpstream()
  await upstream.close()
  return upstream.url
}

/** Any JSON value, with any status and headers. */
export function answerJson(
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Behaviour {
  return answerBytes(JSON.stringify(value), status, {
    'content-type': 'application/json',
    ...headers,
  })
}

/** Exactly these bytes. */
export function answerBytes(
  bytes: string | Uint8Array,
  status = 200,
  headers: Record<string, string> = {},
): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(bytes), ...headers })
    response.end(bytes)
  }
}

/** A chat completion in OpenAI's shape. */
export function answerChat(
  content = 'Hello there.',
  more: Record<string, unknown> = {},
): Behaviour {
  return answerJson({
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'upstream-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    ...more,
  })
}

/** One embedding for each input, all the same. */
export function answerEmbeddings(vector: readonly number[] = [0.25, -0.5, 1]): Behaviour {
  return (request, response) => {
    const { input }: { input: unknown } = JSON.parse(request.body.toString())
    const count = Array.isArray(input) ? input.length : 1
    const data = Array.from({ length: count }, (_, index) => ({
      object: 'embedding',
      index,
      embedding: vector,
    }))
    const usage = { prompt_tokens: count, total_tokens: count }
    return answerJson({ object: 'list', model: 'upstream-model', data, usage })(request, response)
  }
}

/** An error in OpenAI's envelope, or any other body. */
export function answerError(
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): Behaviour {
  const envelope = {
    error: { message: `status ${status}`, type: 'some_error', param: null, code: 'some_code' },
  }
  if (typeof body === 'string')
    return answerBytes(body, status, { 'content-type': 'text/plain', ...headers })
  return answerJson(body ?? envelope, status, headers)
}

/** Something that is not JSON, though it says it is. */
export const answerNotJson: Behaviour = answerBytes('<html>not json</html>', 200, {
  'content-type': 'application/json',
})

export interface StreamOptions {
  /** Texts of the content chunks. */
  readonly texts?: readonly string[]
  /** Pause before each event. */
  readonly delayMs?: number
  /** Usage in a last chunk with no choices: `asked` (as the request says), `always`, `never`. */
  readonly usage?: 'asked' | 'always' | 'never'
  /** Without it the stream ends with no `data: [DONE]`. */
  readonly isDone?: boolean
}

/** The frames of a chat stream in OpenAI's shape, each with its blank line. */
export function chatFrames(
  { texts = ['Hel', 'lo'], isDone = true }: StreamOptions,
  withUsage: boolean,
): string[] {
  const base = {
    id: 'chatcmpl-up',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'upstream-model',
  }
  const frame = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  const usage = {
    prompt_tokens: 5,
    completion_tokens: texts.length,
    total_tokens: 5 + texts.length,
  }
  return [
    frame({ role: 'assistant', content: '' }, null),
    ...texts.map((content) => frame({ content }, null)),
    frame({}, 'stop'),
    ...(withUsage ? [`data: ${JSON.stringify({ ...base, choices: [], usage })}\n\n`] : []),
    ...(isDone ? ['data: [DONE]\n\n'] : []),
  ]
}

/** A streamed chat completion. */
export function streamChat(options: StreamOptions = {}): Behaviour {
  return (request, response) => {
    const usage = options.usage ?? 'asked'
    const isAsked = usage === 'asked' && request.body.includes('"include_usage":true')
    const frames = chatFrames(options, usage === 'always' || isAsked)
    return streamBytes(frames, { delayMs: options.delayMs ?? 0 })(request, response)
  }
}

/** These chunks, each in a write of its own; a pause before each keeps them apart on the wire. */
export function streamBytes(
  chunks: Iterable<string | Uint8Array>,
  { contentType = 'text/event-stream', delayMs = 0, status = 200 } = {},
): Behaviour {
  return async (_request, response) => {
    response.writeHead(status, { 'content-type': contentType })
    response.flushHeaders()
    for (const chunk of chunks) {
      if (delayMs > 0) await pause(delayMs)
      if (response.destroyed) return
      if (!response.write(chunk)) await writable(response)
    }
    response.end()
  }
}

/** Takes the request and never answers. */
export const hang: Behaviour = () => undefined

/** Sends headers (and some chunks, if given), then nothing more. */
export function stall(
  chunks: readonly string[] = [],
  contentType = 'text/event-stream',
): Behaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType })
    response.flushHeaders()
    for (const chunk of chunks) response.write(chunk)
  }
}

/** Sends the first bytes of an answer, then destroys the socket. */
export function cutAfter(
  byteCount: number,
  bytes: string | Uint8Array,
  contentType = 'text/event-stream',
): Behaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': contentType })
    response.flushHeaders()
    await new Promise(
      (resolve) => void response.write(Buffer.from(bytes).subarray(0, byteCount), resolve),
    )
    await pause(5)
    response.socket?.destroy()
  }
}

/** A whole answer, one byte a pause. */
export function drip(text: string, delayMs: number, contentType = 'application/json'): Behaviour {
  return streamBytes(
    [...Buffer.from(text)].map((byte) => Buffer.of(byte)),
    { contentType, delayMs },
  )
}

/** Waits, then behaves. */
export function after(delayMs: number, behaviour: Behaviour): Behaviour {
  return async (request, response) => {
    await pause(delayMs)
    if (!response.destroyed) await behaviour(request, response)
  }
}

function listOf(behaviour: Behaviour | readonly Behaviour[]): Behaviour[] {
  return typeof behaviour === 'function' ? [behaviour] : [...behaviour]
}

function seenRequest(incoming: IncomingMessage, response: ServerResponse): SeenRequest {
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: Buffer.alloc(0),
    ended: new Promise((resolve) => {
      response.once('close', () => resolve(response.writableFinished ? 'answered' : 'gone'))
    }),
  }
}

async function exchange(
  incoming: IncomingMessage,
  seen: SeenRequest,
  response: ServerResponse,
  behave: Behaviour | undefined,
): Promise<void> {
  try {
    seen.body = await bodyOf(incoming)
  } catch {
    response.destroy() // The caller left while sending.
    return
  }
  await behave?.(seen, response)
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) if (Buffer.isBuffer(piece)) pieces.push(piece)
  return Buffer.concat(pieces)
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address
}

/** Resolves when more can be written, or the other side has gone. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds))
