import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { chatRequest } from './canned.ts'

/** What the load generator is told to do. */
export interface LoadOrder {
  readonly port: number
  readonly isStream: boolean
  readonly seconds: number
  readonly connections: number
  readonly key: string
}

/** What it saw. Latencies are milliseconds; of a stream, until its first byte. */
export interface LoadResult {
  readonly requests: number
  readonly failures: number
  /** What the first failure looked like. */
  readonly firstFailure?: string
  readonly seconds: number
  /** Pieces in which the answers came; fewer than events where a busy machine ran them together. */
  readonly pieces: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Tally {
  readonly latencies: number[]
  pieces: number
  failures: number
  firstFailure?: string
}

/** Whether a message of the load generator is what it promises. */
export function isLoadResult(message: unknown): message is LoadResult {
  return typeof message === 'object' && message !== null && 'requests' in message
}

/** Keeps one request under way on each connection until the time is over; then lets them finish. */
async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const request = requestBytes(order)
  const tally: Tally = { latencies: [], pieces: 0, failures: 0 }
  const startedAt = performance.now()
  const endsAt = startedAt + order.seconds * 1000
  const lanes = Array.from({ length: order.connections }, () =>
    runLane(order, request, endsAt, tally),
  )
  await Promise.all(lanes)
  const seconds = (performance.now() - startedAt) / 1000
  const sorted = Float64Array.from(tally.latencies).sort()
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return {
    requests: tally.latencies.length,
    failures: tally.failures,
    ...(tally.firstFailure !== undefined && { firstFailure: tally.firstFailure }),
    seconds,
    pieces: tally.pieces,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

function requestBytes({ port, isStream, key }: LoadOrder): Buffer {
  const body = chatRequest(isStream)
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n` +
      'Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: colonnade-bench\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** One connection's life: ask, read to the end, ask again. */
function runLane(order: LoadOrder, request: Buffer, endsAt: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
    let startedAt = 0
    let isAsking = true
    const ask = (): void => {
      isAsking = true
      startedAt = performance.now()
      socket.write(request)
    }
    const fail = (what: string): void => {
      if (isAsking) tally.failures += 1
      isAsking = false
      tally.firstFailure ??= what
      socket.destroy()
    }
    readAnswers(socket, {
      onFirstByte: () => {
        if (order.isStream) tally.latencies.push(performance.now() - startedAt)
      },
      onEnd: (status, tail) => {
        if (status !== '200') return fail(`status ${status}: ${tail}`)
        if (order.isStream && !tail.includes('[DONE]'))
          return fail(`a stream without its end: ${tail}`)
        if (!order.isStream) tally.latencies.push(performance.now() - startedAt)
        isAsking = false
        if (performance.now() < endsAt) ask()
        else socket.end()
      },
    })
    socket.on('data', () => (tally.pieces += 1))
    socket.on('connect', ask)
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => {
      if (isAsking) fail('the connection was closed in the middle of an answer')
      resolve()
    })
  })
}

interface AnswerEvents {
  onFirstByte(): void
  /** The status, and the last bytes of the answer. */
  onEnd(status: string, tail: string): void
}

/** Finds where each answer ends; looks at no more of it than that needs. */
function readAnswers(socket: Socket, events: AnswerEvents): void {
  const chunkedEnd = '\r\n0\r\n\r\n'
  let head = ''
  let status = ''
  let tail = ''
  // Body bytes still to come; -1 while the head is read, Infinity where the body is chunked.
  let left = -1
  socket.on('data', (bytes: Buffer) => {
    let body = bytes.length
    if (left === -1) {
      if (head === '') events.onFirstByte()
      head += bytes.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      status = head.slice(9, 12)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end + 2))?.[1]
      left = length === undefined ? Infinity : Number(length)
      body = head.length - end - 4
      tail = head.slice(Math.max(end + 2, head.length - 200))
      head = ''
    } else {
      tail = (
        bytes.length < 200
          ? tail + bytes.toString('latin1')
          : bytes.toString('latin1', bytes.length - 200)
      ).slice(-200)
    }
    left -= body
    if (left === 0 || (left === Infinity && tail.endsWith(chunkedEnd))) {
      left = -1
      events.onEnd(status, tail)
    }
  })
}

if (process.send) {
  process.on('message', (order: LoadOrder) => {
    void runLoad(order).then((result) => process.send?.(result))
  })
  process.on('disconnect', () => process.exit(0))
}
