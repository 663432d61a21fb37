import diagnostics from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import v8 from 'node:v8'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { Answer } from '../../gateway/pipeline/answer.ts'
import { UpstreamCall } from '../../gateway/upstream/call.ts'
import { chatFrames, createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const streams = 1_000
const atOnce = 100
/** From the caller's leaving to the end of the upstream's socket; the whole test runs in one busy process. */
const promisedMs = 250
const busyMs = 5_000

interface Plan {
  readonly id: number
  /** Who ends it, after so many bytes: the caller of the answer, or the upstream of what it sends. */
  readonly kind: 'left' | 'reset' | 'cut' | 'whole'
  readonly bytes: number
  readonly pieces: readonly Buffer[]
  leftAt: number
  closedAt: number
}

let upstream: FakeUpstream
let gateway: TestGateway
const plans: Plan[] = []
const random = seeded(20_261)
const stream = Buffer.from(
  chatFrames({ texts: Array.from({ length: 24 }, (_, at) => `wörd ${at} 😀`) }, true).join(''),
)

beforeAll(async () => {
  upstream = await createFakeUpstream((request, response) => {
    const { user }: { user?: string } = JSON.parse(request.body.toString())
    const plan = plans[Number(user)]
    if (!plan)
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(stream)
    response.on('close', () => (plan.closedAt = performance.now()))
    return play(plan, response)
  })
  gateway = await startGateway({
    config: modelAt(upstream.url, { num_retries: 0, max_parallel_requests: atOnce, rpm: 100_000 }),
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function play({ kind, bytes, pieces }: Plan, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  let sent = 0
  for (const piece of pieces) {
    if (response.destroyed) return
    response.write(piece)
    sent += piece.length
    if (kind === 'cut' && sent >= bytes) return void response.socket?.destroy()
    await sleep(random() * 3)
  }
  // Whoever is to leave has time to; a whole stream ends.
  if (kind === 'whole') response.end()
}

function planOf(id: number): Plan {
  const dice = random()
  const kind = dice < 0.6 ? 'left' : dice < 0.8 ? 'reset' : dice < 0.9 ? 'cut' : 'whole'
  const pieces: Buffer[] = []
  for (let from = 0; from < stream.length;) {
    const to = from + 1 + Math.floor(random() * 900)
    pieces.push(stream.subarray(from, to))
    from = to
  }
  // An upstream that stands still keeps the others waiting for their caller.
  const bytes = Math.floor(random() * (stream.length - 1_000))
  return { id, kind, bytes, pieces, leftAt: 0, closedAt: 0 }
}

/** Asks over a connection of its own, reads so many bytes, leaves. Resolves with all that came. */
function ask(plan: Plan): Promise<string> {
  const body = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    user: `${plan.id}`,
  })
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    const socket = connect(gateway.port, '127.0.0.1')
    const leave = (): void => {
      if (plan.leftAt > 0) return
      plan.leftAt = performance.now()
      if (plan.kind === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    }
    const isLeaving = plan.kind === 'left' || plan.kind === 'reset'
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (isLeaving && length > plan.bytes) leave()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(pieces).toString()))
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      () => isLeaving && plan.bytes < 40 && leave(),
    )
  })
}

/** Most listeners for one event that were on any socket when a request began there. */
function watchListeners(): { most(): number; close(): void } {
  let most = 0
  const look = (message: unknown): void => {
    const socket: EventEmitter | undefined = Reflect.get(Object(message), 'socket')
    for (const name of socket?.eventNames() ?? [])
      most = Math.max(most, socket?.listenerCount(name) ?? 0)
  }
  const channels = ['http.server.request.start', 'undici:client:sendHeaders']
  for (const channel of channels) diagnostics.subscribe(channel, look)
  return {
    most: () => most,
    close: () => {
      for (const channel of channels) diagnostics.unsubscribe(channel, look)
    },
  }
}

const timers = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const alive = (): number[] =>
  [Answer, UpstreamCall].map((one) => v8.queryObjects(one, { format: 'count' }))
const inFlight = () => gateway.metric('litellm_in_flight_requests')

async function askWell(): Promise<string> {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true }
  return (await gateway.post('/v1/chat/completions', body)).text()
}

test('a thousand streams that break off anywhere leave nothing behind', async () => {
  for (let count = 0; count < 20; count += 1) await askWell()
  const listeners = watchListeners()
  for (let count = 0; count < 20; count += 1) await askWell()
  const usual = listeners.most()
  const timersBefore = timers()

  for (let id = 0; id < streams; id += 1) plans.push(planOf(id))
  const waiting = plans.toReversed()
  const answers: string[] = []
  const work = async (): Promise<void> => {
    for (let plan = waiting.pop(); plan; plan = waiting.pop()) answers[plan.id] = await ask(plan)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  await until(async () => (await inFlight()) === 0)

  const times: number[] = []
  for (const plan of plans) {
    const answer = answers[plan.id] ?? ''
    if (plan.kind === 'whole') expect(answer).toContain('data: [DONE]')
    if (plan.kind === 'cut') expect(answer).toMatch(/"code":"(stream_interrupted|upstream_)/)
    // Who leaves at once may never have been sent on.
    if (plan.leftAt > 0 && plan.closedAt > 0) times.push(plan.closedAt - plan.leftAt)
  }
  expect(times.length).toBeGreaterThan(streams * 0.7)
  times.sort((a, b) => a - b)
  expect(times[Math.floor(times.length * 0.9)]).toBeLessThan(promisedMs)
  expect(times.at(-1)).toBeLessThan(busyMs)
  expect(new Set(await Promise.all(upstream.requests.map(({ ended }) => ended))).size).toBe(2)

  // Every place is free again: as many as there are get in at once.
  const again = await Promise.all(Array.from({ length: atOnce }, askWell))
  for (const text of again) expect(text).toContain('data: [DONE]')
  await until(async () => (await inFlight()) === 0)
  expect(listeners.most()).toBeLessThanOrEqual(usual + 2)
  listeners.close()
  await until(() => timers() <= timersBefore + 2)
  await until(() => alive().every((count) => count < 20))
}, 60_000)

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
