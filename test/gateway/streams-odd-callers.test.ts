import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  chatFrames,
  createFakeUpstream,
  cutAfter,
  stall,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { sendRaw } from '../doubles/raw-http.ts'

let upstream: FakeUpstream
let gateway: TestGateway

/** The promise: from the caller's leaving to the end of the upstream's socket, and room for a busy machine. */
const promisedMs = 2_000
const frames = chatFrames({}, false)

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({ config: modelAt(upstream.url, { num_retries: 0 }) })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(streamChat()))

interface Asking {
  readonly version?: string
  readonly headers?: readonly string[]
  readonly path?: string
  readonly isStream?: boolean
}

const bodyOf = (isStream: boolean): string =>
  JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    input: 'hi',
    voice: 'v',
    stream: isStream,
  })

function requestOf({
  version = '1.1',
  headers = [],
  path = '/v1/chat/completions',
  isStream = true,
}: Asking = {}): string {
  const body = bodyOf(isStream)
  return [
    `POST ${path} HTTP/${version}`,
    'host: x',
    `authorization: Bearer ${gateway.key}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')
}

interface RawCaller {
  readonly socket: Socket
  text(): string
  readonly closed: Promise<unknown>
}

function call(bytes: string): RawCaller {
  const socket = connect(gateway.port, '127.0.0.1')
  let text = ''
  socket.on('data', (piece: Buffer) => (text += piece.toString()))
  socket.on('error', () => undefined)
  socket.write(bytes)
  return { socket, text: () => text, closed: new Promise((resolve) => socket.on('close', resolve)) }
}

async function isQuiet(): Promise<void> {
  await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
}

describe('HTTP/1.0', () => {
  test('a stream comes as it is and ends with its connection', async () => {
    const { status, headers, body } = await sendRaw(gateway.port, requestOf({ version: '1.0' }))
    expect([status, headers['transfer-encoding']]).toEqual([200, undefined])
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(body.startsWith('data: {')).toBe(true)
  })

  test('a broken stream ends in an error event', async () => {
    upstream.script(streamBytes(frames.slice(0, 2)))
    const { body } = await sendRaw(gateway.port, requestOf({ version: '1.0' }))
    expect(body).toMatch(/"code":"stream_interrupted"}}\n\n$/)
  })

  test('sound that breaks off ends in a reset, which no file ends with', async () => {
    upstream.script(cutAfter(500, Buffer.alloc(1_000), 'audio/mpeg'))
    const { socket, closed } = call(
      requestOf({ version: '1.0', path: '/v1/audio/speech', isStream: false }),
    )
    const ending = new Promise((resolve) => {
      socket.on('end', () => resolve('end'))
      socket.on('error', () => resolve('reset'))
    })
    expect(await ending).toBe('reset')
    await closed
  })
})

describe('a connection that is kept', () => {
  test('serves on behind a stream that was whole, and behind one that broke off', async () => {
    upstream.script([
      streamChat(),
      streamBytes(frames.slice(0, 2)),
      cutAfter(frames.join('').length - 30, frames.join('')),
      streamChat(),
    ])
    const { socket, text, closed } = call('')
    for (let count = 1; count <= 4; count += 1) {
      socket.write(requestOf({ headers: count === 4 ? ['connection: close'] : [] }))
      await until(() => text().split('\r\n0\r\n\r\n').length === count + 1)
    }
    await closed
    const bodies = text().split('\r\n0\r\n\r\n')
    expect(bodies.map((body) => /\[DONE\]|stream_interrupted/.exec(body)?.[0])).toEqual([
      '[DONE]',
      'stream_interrupted',
      'stream_interrupted',
      '[DONE]',
      undefined,
    ])
  })

  test('closes behind its stream when told to', async () => {
    const { headers, body } = await sendRaw(
      gateway.port,
      requestOf({ headers: ['connection: close'] }),
    )
    expect(headers['connection']).toBe('close')
    expect(body).toContain('data: [DONE]')
  })
})

describe('requests sent one behind the other without waiting', () => {
  test('are answered in their order', async () => {
    upstream.script([
      streamBytes(frames, { delayMs: 30 }),
      streamChat({ texts: ['second'] }),
      streamChat({ texts: ['third'] }),
    ])
    const last = requestOf({ headers: ['connection: close'] })
    const { text } = await sendRaw(gateway.port, requestOf() + requestOf() + last)
    const order = ['"Hel"', '[DONE]', '"second"', '[DONE]', '"third"', '[DONE]']
    let at = 0
    for (const word of order) {
      at = text.indexOf(word, at)
      expect(at).toBeGreaterThan(0)
      at += 1
    }
  })

  test('all end when their caller leaves', async () => {
    const at = upstream.requests.length
    upstream.script(stall(frames.slice(0, 2)))
    const { socket, text } = call(requestOf() + requestOf() + requestOf({ isStream: false }))
    await upstream.arrived(at + 3)
    await until(() => text().includes('"Hel"'))
    const leftAt = performance.now()
    socket.destroy()
    const ends = await Promise.all(upstream.requests.slice(at).map(({ ended }) => ended))
    expect(ends).toEqual(['gone', 'gone', 'gone'])
    expect(performance.now() - leftAt).toBeLessThan(promisedMs)
    await isQuiet()
  })

  test('hold their upstream back while another is before them', async () => {
    const at = upstream.requests.length
    let written = 0
    const large = `data: {"choices":[],"x":"${'y'.repeat(60_000)}"}\n\n`
    upstream.script([
      stall(frames.slice(0, 2)),
      async (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        while (!response.destroyed && written < 64_000_000) {
          written += large.length
          if (!response.write(large)) await sleep(1)
          while (response.writableNeedDrain && !response.destroyed) await sleep(5)
        }
        response.end()
      },
    ])
    const { socket } = call(requestOf() + requestOf())
    await upstream.arrived(at + 2)
    let before = -1
    while (before !== written) {
      before = written
      await sleep(200)
    }
    expect(written).toBeLessThan(64_000_000)
    socket.destroy()
    await Promise.all(upstream.requests.slice(at).map(({ ended }) => ended))
    await isQuiet()
  })
})

describe('odd manners', () => {
  test('who asks whether it may go on is told so', async () => {
    const request = requestOf({ headers: ['expect: 100-continue', 'connection: close'] })
    const end = request.indexOf('\r\n\r\n') + 4
    const { socket, text, closed } = call(request.slice(0, end))
    await until(() => text().startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    socket.write(request.slice(end))
    await closed
    expect(text()).toContain('data: [DONE]')
  })

  test('a body that comes byte by byte is a body', async () => {
    const request = requestOf({ headers: ['connection: close'] })
    const end = request.indexOf('\r\n\r\n') + 4
    const { socket, text, closed } = call(request.slice(0, end))
    for (const byte of request.slice(end)) {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    await closed
    expect(text()).toContain('data: [DONE]')
  })

  test('who closes its half has left: the upstream is let go', async () => {
    const at = upstream.requests.length
    upstream.script(stall(frames.slice(0, 2)))
    const { socket, text, closed } = call(requestOf())
    await until(() => text().includes('"Hel"'))
    const leftAt = performance.now()
    socket.end()
    expect(await upstream.requests[at]?.ended).toBe('gone')
    expect(performance.now() - leftAt).toBeLessThan(promisedMs)
    await closed
    await isQuiet()
  })

  test('who closes its half before the first byte has left too', async () => {
    const at = upstream.requests.length
    upstream.script(stall([]))
    const { socket, closed } = call(requestOf())
    await upstream.arrived(at + 1)
    socket.end()
    expect(await upstream.requests[at]?.ended).toBe('gone')
    await closed
    await isQuiet()
  })
})
