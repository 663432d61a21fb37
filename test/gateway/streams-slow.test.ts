import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

/** Bytes that the upstream has written, for each request in the order of arrival. */
let written: number[] = []
const frame = `data: ${JSON.stringify({ model: 'up', choices: [{ index: 0, delta: { content: 'y'.repeat(16_000) } }] })}\n\n`
/** More than all buffers between the two ends hold: four of the kernel, one of each of our streams. */
const most = 24 * 1024 * 1024

/** Writes as fast as it may, up to far more than fits. */
async function pour(at: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  while (!response.destroyed && (written[at] ?? 0) < most) {
    written[at] = (written[at] ?? 0) + frame.length
    if (!response.write(frame)) await writable(response)
  }
  response.end('data: [DONE]\n\n')
}

beforeAll(async () => {
  upstream = await createFakeUpstream((_, response) => {
    const at = written.push(0) - 1
    return pour(at, response)
  })
  gateway = await startGateway({
    config: modelAt(upstream.url, { num_retries: 0, chunk_timeout: 1 }),
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  written = []
})

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

/** A caller that asks and then reads only when told to. */
function askWithoutReading(): Socket {
  const body = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
  })
  const socket = connect({ port: gateway.port, host: '127.0.0.1' }).pause()
  socket.on('error', () => undefined)
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return socket
}

const sum = (): number => written.reduce((total, bytes) => total + bytes, 0)

/** Resolves when the upstreams have not got rid of a byte for a while. */
async function untilStill(): Promise<void> {
  let before = -1
  while (before !== sum()) {
    before = sum()
    await sleep(300)
  }
}

describe('a caller that does not read', () => {
  test('holds its upstream back, and gets the rest when it does', async () => {
    const socket = askWithoutReading()
    await upstream.arrived(1)
    await untilStill()
    expect(sum()).toBeGreaterThan(0)
    expect(sum()).toBeLessThan(most)
    // Longer than the upstream may be silent: it is we who do not read.
    await sleep(2_500)
    let length = 0
    let tail = ''
    socket.on('data', (piece: Buffer) => {
      length += piece.length
      tail = (tail + piece.toString('latin1')).slice(-40)
    })
    socket.resume()
    await once(socket, 'close')
    expect(tail).toContain('data: [DONE]')
    expect(sum()).toBeGreaterThanOrEqual(most)
    expect(length).toBeGreaterThan(most * 0.99)
  }, 30_000)

  test('costs no more with two hundred others, of which each reads a byte now and then', async () => {
    const at = upstream.requests.length
    const sockets = Array.from({ length: 200 }, askWithoutReading)
    await upstream.arrived(at + sockets.length)
    await untilStill()
    const still = sum()
    expect(still).toBeLessThan(most * sockets.length * 0.5)
    for (let count = 0; count < 3; count += 1) {
      for (const socket of sockets) socket.read(1)
      await sleep(100)
    }
    // What one call may take from a socket is bounded: nothing like the stream is let in for a byte.
    expect(sum() - still).toBeLessThan(most)
    for (const socket of sockets) socket.destroy()
    await Promise.all(upstream.requests.slice(at).map(({ ended }) => ended))
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  }, 60_000)
})

test('an upstream that falls silent behind a slow caller is found out', async () => {
  upstream.script([
    async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let count = 0; count < 400; count += 1) response.write(frame)
    },
  ])
  const socket = askWithoutReading()
  await sleep(1_500)
  let tail = ''
  socket.on('data', (piece: Buffer) => (tail = (tail + piece.toString('latin1')).slice(-400)))
  socket.resume()
  await once(socket, 'close')
  expect(tail).toContain('"code":"stream_interrupted"')
}, 20_000)
