import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  after,
  answerChat,
  answerError,
  chatFrames,
  createFakeUpstream,
  hang,
  stall,
  streamBytes,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { createBlackHole } from '../doubles/black-hole.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const path = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'hi' }]
const frames = chatFrames({ texts: Array.from({ length: 12 }, (_, at) => `${at} `) }, false)
const [first = ''] = frames
/** A stream of 0.7 s, with never more than 50 ms of silence. */
const flowing = streamBytes(frames, { delayMs: 50 })

let upstream: FakeUpstream
let other: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  other = await createFakeUpstream(answerChat('from the other'))
  const at = (name: string, params: Record<string, unknown>) =>
    deployment(name, upstream.url, { num_retries: 0, ...params })
  gateway = await startGateway({
    config: {
      model_list: [
        at('quick', { timeout: 0.5 }),
        at('patient-with-streams', { timeout: 0.2, stream_timeout: 5 }),
        at('impatient-with-streams', { timeout: 5, stream_timeout: 0.2 }),
        at('chatty', { timeout: 5, chunk_timeout: 0.3 }),
        at('bounded', { timeout: 5, total_timeout: 0.5 }),
        at('slow', { timeout: 20 }),
        at('slow-retried', { timeout: 20, num_retries: 5 }),
        at('pair', { timeout: 20, order: 1 }),
        deployment('pair', other.url, { order: 2 }),
      ],
      router_settings: {
        disable_cooldowns: true,
        retry_after: 0.3,
        fallbacks: [{ slow: ['pair'] }],
      },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await other.close()
})
beforeEach(() => {
  upstream.script(hang)
  other.script(answerChat('from the other'))
})

interface Seen {
  readonly status: number
  readonly text: string
  readonly tookMs: number
}

async function ask(
  model: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Seen> {
  const startedAt = performance.now()
  const response = await gateway.post(path, { model, messages, ...body }, headers)
  const text = await response.text()
  return { status: response.status, text, tookMs: performance.now() - startedAt }
}

const codeOf = ({ text }: Seen): string => JSON.parse(text).error.code

describe('the clocks of a deployment', () => {
  test('a stream that keeps flowing is not killed by timeout', async () => {
    upstream.script(flowing)
    const seen = await ask('quick', { stream: true })
    expect(seen.tookMs).toBeGreaterThan(650)
    expect(seen.text).toContain('[DONE]')
  })

  test('an answer that is not streamed is bounded whole', async () => {
    upstream.script(stall(['{"choices":'], 'application/json'))
    const seen = await ask('quick')
    expect(seen.status).toBe(504)
    expect(seen.tookMs).toBeLessThan(4_000)
  })

  test('timeout bounds the first event and each silence of a stream too', async () => {
    upstream.script(stall())
    expect(await ask('quick', { stream: true })).toMatchObject({ status: 504 })
    upstream.script(stall([first]))
    expect((await ask('quick', { stream: true })).text).toContain('stream_interrupted')
  })

  test('stream_timeout is for the first event alone', async () => {
    upstream.script(after(400, streamChat()))
    expect((await ask('patient-with-streams', { stream: true })).text).toContain('[DONE]')
    expect((await ask('patient-with-streams')).status).toBe(504)
    expect((await ask('impatient-with-streams', { stream: true })).status).toBe(504)
    upstream.script(after(400, answerChat()))
    expect((await ask('impatient-with-streams')).status).toBe(200)
    upstream.script(flowing)
    expect((await ask('impatient-with-streams', { stream: true })).text).toContain('[DONE]')
  })

  test('chunk_timeout is for the silences after it', async () => {
    upstream.script(flowing)
    expect((await ask('chatty', { stream: true })).text).toContain('[DONE]')
    upstream.script(stall([first]))
    const seen = await ask('chatty', { stream: true })
    expect(seen.text).toContain('stream_interrupted')
    expect(seen.tookMs).toBeLessThan(4_000)
  })

  test('total_timeout ends a stream however it flows, and a plain answer', async () => {
    upstream.script(flowing)
    const seen = await ask('bounded', { stream: true })
    expect(seen.text).toContain('stream_interrupted')
    expect(seen.text).toContain('did not end its answer within 0.5 s')
    upstream.script(hang)
    expect((await ask('bounded')).status).toBe(504)
  })

  test('connect_timeout bounds the making of a connection', async () => {
    const hole = await createBlackHole()
    const at = await startGateway({
      config: {
        model_list: [deployment('m', hole.url, { num_retries: 0, connect_timeout: 0.1 })],
      },
    })
    const startedAt = performance.now()
    const response = await at.post(path, { model: 'm', messages })
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('does not take the connection within 0.1 s')
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    await at.close()
    await hole.close()
  })
})

describe('the deadline of a caller', () => {
  test.each([
    ['as a number', { timeout: 0.2 }, {}],
    ['as text', { timeout: '0.2' }, {}],
    ['as a header', {}, { 'x-litellm-timeout': '0.2' }],
    ['as a header over a field', { timeout: 30 }, { 'x-litellm-timeout': '0.2' }],
  ])('%s bounds an answer', async (_, body, headers) => {
    const before = upstream.requests.length
    const seen = await ask('slow', body, headers)
    expect(seen.status).toBe(504)
    expect(codeOf(seen)).toBe('caller_deadline')
    expect(seen.tookMs).toBeGreaterThan(190)
    expect(seen.tookMs).toBeLessThan(4_000)
    expect(await upstream.requests[before]?.ended).toBe('gone')
  })

  test('ends all retries and the waits between them', async () => {
    upstream.script(answerError(500))
    const before = upstream.requests.length
    const seen = await ask('slow-retried', { timeout: 0.5 })
    // Waits of 300 ms: the second would end after the deadline, so it is not begun.
    expect(upstream.requests).toHaveLength(before + 2)
    expect(seen.tookMs).toBeLessThan(4_000)
  })

  test('leads to no fallback and no next class', async () => {
    const before = other.requests.length
    expect(codeOf(await ask('pair', { timeout: 0.2 }))).toBe('caller_deadline')
    expect(codeOf(await ask('slow', { timeout: 0.2 }))).toBe('caller_deadline')
    expect(other.requests).toHaveLength(before)
  })

  test('is an error event in a running stream', async () => {
    upstream.script(flowing)
    const seen = await ask('slow', { stream: true, timeout: 0.4 })
    expect(seen.status).toBe(200)
    const last = seen.text.trimEnd().split('\n\n').at(-1) ?? ''
    expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({
      error: { code: 'caller_deadline', type: 'api_error' },
    })
    expect(seen.text).not.toContain('[DONE]')
  })

  test('does not touch an answer in time', async () => {
    upstream.script(after(50, answerChat()))
    expect((await ask('slow', { timeout: 5 })).status).toBe(200)
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  })

  test('leaves no timer behind', async () => {
    upstream.script(answerChat())
    const timers = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    await ask('slow', { timeout: 1_000 })
    const before = timers()
    for (let count = 0; count < 50; count += 1) await ask('slow', { timeout: 1_000 })
    expect(timers()).toBeLessThan(before + 25)
  })

  test.each([
    ['timeout', { timeout: 'soon' }, {}],
    ['timeout', { timeout: 0 }, {}],
    ['stream_timeout', { stream_timeout: -1 }, {}],
    ['num_retries', { num_retries: 0.5 }, {}],
    ['tags', { tags: 3 }, {}],
    ['x-litellm-timeout', {}, { 'x-litellm-timeout': 'soon' }],
    ['x-litellm-num-retries', {}, { 'x-litellm-num-retries': '-1' }],
  ])('a wrong %s is a 400 that names it', async (name, body, headers) => {
    const before = upstream.requests.length
    const seen = await ask('slow', body, headers)
    expect(seen.status).toBe(400)
    expect(JSON.parse(seen.text)).toMatchObject({ error: { param: name, code: 'invalid_request' } })
    expect(upstream.requests).toHaveLength(before)
  })

  test('a form has one too', async () => {
    const form = new FormData()
    form.append('file', new Blob(['sound']))
    form.append('model', 'slow')
    form.append('timeout', '0.2')
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: form,
    })
    expect(response.status).toBe(504)
    expect(await response.text()).toContain('caller_deadline')
  })
})

describe('the caller’s wait for a first event', () => {
  test('shortens that of each attempt, and the next is asked', async () => {
    other.script(streamChat({ texts: ['fine'] }))
    const seen = await ask('pair', { stream: true, stream_timeout: 0.2 })
    expect(seen.text).toContain('fine')
    expect(seen.tookMs).toBeLessThan(4_000)
  })

  test('does not bound what flows', async () => {
    upstream.script(flowing)
    const headers = { 'x-litellm-stream-timeout': '0.5' }
    expect((await ask('slow', { stream: true }, headers)).text).toContain('[DONE]')
  })
})

test.each([
  ['deadline', { timeout: 0.1 }],
  ['wait for a first event', { stream: true, stream_timeout: 0.1 }],
])('a caller’s short %s is no fault of the server', async (_, body) => {
  const at = await startGateway({
    config: {
      model_list: [deployment('m', upstream.url, { num_retries: 0 })],
      router_settings: { allowed_fails: 0 },
    },
  })
  for (let count = 0; count < 3; count += 1)
    expect((await at.post(path, { model: 'm', messages, ...body })).status).toBe(504)
  const health = JSON.parse(await (await at.get('/health')).text())
  expect(health.unhealthy_endpoints).toEqual([])
  await at.close()
})
