import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { chatAnswer, streamEvents, upstreamModel } from './canned.ts'

/**
 * The bench's upstream, a process of its own: canned bytes over raw sockets, so that it is never
 * what a subject waits for. A stream sends one event each `tickMs`, each in a write of its own.
 */
const tickMs = 4

const json = (body: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_bench\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: keep-alive\r\n\r\n${body}`,
  )
const answer = json(chatAnswer)
const models = json(
  JSON.stringify({ object: 'list', data: [{ id: upstreamModel, object: 'model' }] }),
)
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n' +
    'Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n',
)
const pieces = streamEvents.map((event) =>
  Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`),
)
const streamEnd = Buffer.from('0\r\n\r\n')

const streams = new Map<Socket, number>()
let ticking: NodeJS.Timeout | undefined

function startStream(socket: Socket): void {
  socket.write(streamHead)
  streams.set(socket, 0)
  ticking ??= setInterval(sendNext, tickMs)
}

function sendNext(): void {
  for (const [socket, at] of streams) {
    const piece = pieces[at]
    if (piece) {
      socket.write(piece)
      streams.set(socket, at + 1)
    } else {
      socket.write(streamEnd)
      streams.delete(socket)
    }
  }
  if (streams.size === 0) {
    clearInterval(ticking)
    ticking = undefined
  }
}

function respond(socket: Socket, request: string): void {
  if (request.startsWith('GET ')) socket.write(models)
  else if (/"stream"\s*:\s*true/.test(request)) startStream(socket)
  else socket.write(answer)
}

/** Length of the first whole request in the text; undefined while it is not all there. */
function lengthOfFirst(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = text.slice(0, headEnd)
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const end = text.indexOf('\r\n0\r\n\r\n', headEnd)
    return end < 0 ? undefined : end + 7
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  const end = headEnd + 4 + length
  return text.length < end ? undefined : end
}

const server = createServer({ noDelay: true }, (socket) => {
  let held = ''
  socket.on('data', (bytes) => {
    held += bytes.toString('latin1')
    for (let end = lengthOfFirst(held); end !== undefined; end = lengthOfFirst(held)) {
      const request = held.slice(0, end)
      held = held.slice(end)
      respond(socket, request)
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => streams.delete(socket))
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address) process.send?.({ port: address.port })
})
process.on('disconnect', () => process.exit(0))
