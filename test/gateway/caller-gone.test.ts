import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  chatFrames,
  createFakeUpstream,
  hang,
  stall,
  streamBytes,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

/** The promise: from the caller's leaving to the end of the upstream's socket; a busy machine may pause now and then. */
const promisedMs = 250
const busyMs = 2_000

function expectSoon(times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  expect(sorted[Math.floor((sorted.length - 1) / 2)]).toBeLessThan(promisedMs)
  expect(sorted.at(-1)).toBeLessThan(busyMs)
}

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await startGateway({
    config: {
      model_list: [
        ...[modelAt(upstream.url)['model_list']].flat(),
        deployment('slow-to-retry', upstream.url, { num_retries: 8 }),
        {
          model_name: 'ollama',
          litellm_params: { model: 'ollama_chat/x', api_base: upstream.url },
        },
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => upstream.script(hang))

const messages = [{ role: 'user', content: 'hi' }]

/** Asks, and leaves when told to. */
function askAndLeave(body: unknown): { leave(): void; readonly over: Promise<unknown> } {
  const controller = new AbortController()
  const over = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: controller.signal,
  })
    .then((response) => response.text())
    .catch((error: unknown) => error)
  return { leave: () => controller.abort(), over }
}

async function timeUntilGone(at: number, leave: () => void): Promise<number> {
  const leftAt = performance.now()
  leave()
  expect(await upstream.requests[at]?.ended).toBe('gone')
  return performance.now() - leftAt
}

async function isQuiet(): Promise<void> {
  await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
}

describe('the upstream call is destroyed', () => {
  const frames = chatFrames({ texts: ['a', 'b', 'c'] }, false)
  const cases = [
    ['before the head', hang, false, 'm'],
    ['before the head of a stream', hang, true, 'm'],
    ['behind the head', stall([], 'application/json'), false, 'm'],
    ['in the middle of JSON', stall(['{"choices":['], 'application/json'), false, 'm'],
    ['in the middle of a stream', stall(frames.slice(0, 2)), true, 'm'],
    ['in a stream that goes on', endless(frames[1] ?? '', 5), true, 'm'],
    ['before a translated answer', hang, false, 'ollama'],
    [
      'in a translated stream',
      stall(['{"message":{"content":"a"},"done":false}\n'], 'application/x-ndjson'),
      true,
      'ollama',
    ],
  ] as const
  test.each(cases)('%s', async (_, behaviour, stream, model) => {
    upstream.script(behaviour)
    const times: number[] = []
    for (let count = 0; count < 10; count += 1) {
      const at = upstream.requests.length
      const asked = askAndLeave({ model, messages, stream })
      await upstream.arrived(at + 1)
      await sleep(count * 3)
      times.push(await timeUntilGone(at, asked.leave))
      await asked.over
    }
    expectSoon(times)
    await isQuiet()
  })

  test('at any moment, many at once', async () => {
    upstream.script(endless(frames[1] ?? '', 2))
    const before = upstream.requests.length
    await Promise.all(
      Array.from({ length: 60 }, async (_, count) => {
        const asked = askAndLeave({ model: 'm', messages, stream: count % 2 === 0 })
        await sleep(count * 5)
        asked.leave()
        await asked.over
      }),
    )
    const ends = await Promise.all(upstream.requests.slice(before).map(({ ended }) => ended))
    expect(new Set(ends)).toEqual(new Set(['gone']))
    await isQuiet()
  })

  test('while an answer waits for a caller that does not read', async () => {
    upstream.script(endless(`data: {"x":"${'y'.repeat(60_000)}"}\n\n`))
    const at = upstream.requests.length
    const body = JSON.stringify({ model: 'm', messages, stream: true })
    const socket = connect(gateway.port, '127.0.0.1').pause()
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await upstream.arrived(at + 1)
    await sleep(200)
    expect(await timeUntilGone(at, () => socket.destroy())).toBeLessThan(busyMs)
    await isQuiet()
  })
})

test('a caller that leaves between two attempts is not served a further one', async () => {
  upstream.script(answerError(500))
  const asked = askAndLeave({ model: 'slow-to-retry', messages })
  const at = upstream.requests.length
  await upstream.arrived(at + 4)
  asked.leave()
  await asked.over
  await isQuiet()
  const seen = upstream.requests.length
  await sleep(300)
  expect(upstream.requests).toHaveLength(seen)
})

describe('uploads', () => {
  const boundary = 'B'
  const part = (name: string, value: string, more = '') =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const file = part('file', 'x'.repeat(3_000_000), '; filename="a.wav"').slice(0, -2)

  function upload(beginning: string) {
    const request = httpRequest(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${gateway.key}`,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'transfer-encoding': 'chunked',
      },
    })
    request.on('error', () => undefined)
    request.write(beginning)
    return request
  }

  test('a file that flows through breaks off at the upstream too', async () => {
    const times: number[] = []
    for (let count = 0; count < 5; count += 1) {
      const at = upstream.requests.length
      const request = upload(part('model', 'm') + file)
      await upstream.arrived(at + 1)
      times.push(await timeUntilGone(at, () => request.destroy()))
    }
    expectSoon(times)
    await isQuiet()
  })

  test.each([
    ['a file that is spooled', file],
    ['a small file', file.slice(0, 500)],
    ['a form without a file', part('model', 'm')],
    ['a form without anything', ''],
    ['half of a JSON body', undefined],
  ])('%s is let go', async (_, beginning) => {
    const before = upstream.requests.length
    const gone = await gateway.metric('litellm_requests_total', { status: '499' })
    const request =
      beginning === undefined
        ? httpRequest(`${gateway.url}/v1/chat/completions`, {
            method: 'POST',
            headers: { authorization: `Bearer ${gateway.key}`, 'content-length': '100' },
          })
        : upload(beginning)
    request.on('error', () => undefined)
    request.flushHeaders()
    request.write(' ')
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 1)
    request.destroy()
    await isQuiet()
    expect(await gateway.metric('litellm_requests_total', { status: '499' })).toBe(gone + 1)
    expect(upstream.requests).toHaveLength(before)
  })
})

test('a caller that left is no failure of the model', async () => {
  const name = 'litellm_deployment_failure_responses_total'
  const failed = await gateway.metric(name, { model_group: 'm' })
  const before = await gateway.metric('colonnade_upstream_attempts_total', {
    outcome: 'caller_gone',
  })
  const at = upstream.requests.length
  const asked = askAndLeave({ model: 'm', messages })
  await upstream.arrived(at + 1)
  asked.leave()
  await isQuiet()
  expect(
    await gateway.metric('colonnade_upstream_attempts_total', { outcome: 'caller_gone' }),
  ).toBe(before + 1)
  expect(await gateway.metric(name, { model_group: 'm' })).toBe(failed)
  upstream.script(answerChat())
  expect((await gateway.post('/v1/chat/completions', { model: 'm', messages })).status).toBe(200)
})

/** The same frame without end, for each request anew. */
function endless(frame: string, delayMs = 0): Behaviour {
  return (request, response) =>
    streamBytes(
      Array.from({ length: 5_000 }, () => frame),
      { delayMs },
    )(request, response)
}
