import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  after,
  answerBytes,
  answerChat,
  answerError,
  answerJson,
  answerNotJson,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  hang,
  refusingUrl,
  stall,
  streamBytes,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { createBlackHole } from '../doubles/black-hole.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let other: FakeUpstream
let gateway: TestGateway
const vendorKey = 'vendor-key-for-tests-4711'

beforeAll(async () => {
  upstream = await createFakeUpstream()
  other = await createFakeUpstream()
  const refusing = await refusingUrl()
  const once = { timeout: 1, stream_timeout: 1, num_retries: 0, api_key: vendorKey }
  const twice = { ...once, num_retries: 1 }
  const inOrder = (name: string, first: string, second: string) => [
    deployment(name, first, { ...twice, order: 1 }),
    deployment(name, second, { ...twice, order: 2 }),
  ]
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('m', upstream.url, once),
        deployment('refusing', refusing, once),
        deployment('no-such-host', 'http://nobody.invalid:1', once),
        deployment('retried', upstream.url, { ...once, num_retries: 2 }),
        ...inOrder('pair', upstream.url, other.url),
        ...inOrder('half-dead', refusing, other.url),
        deployment('group', refusing, twice),
        deployment('group', other.url, twice),
      ],
      router_settings: { allowed_fails: 2, cooldown_time: 0.2 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await other.close()
})
beforeEach(() => {
  upstream.script(answerChat())
  other.script(answerChat('from the other'))
})

interface HealthBody {
  readonly healthy_endpoints: { readonly model: string; readonly last_outcome: string }[]
  readonly unhealthy_endpoints: { readonly model: string; readonly last_outcome: string }[]
}

const messages = [{ role: 'user' as const, content: 'hi' }]
const ask = (model = 'm') => gateway.client.chat.completions.create({ model, messages })

async function askStream(model = 'm'): Promise<string> {
  const stream = await gateway.client.chat.completions.create({ model, messages, stream: true })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  return text
}

async function errorOf(asked: Promise<unknown>): Promise<APIError> {
  const startedAt = performance.now()
  const error: unknown = await asked.then(
    () => new Error('it was answered'),
    (thrown: unknown) => thrown,
  )
  // A second of timeout, and room for a busy machine: nothing may hang.
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  if (!(error instanceof APIError)) throw error
  const shown = JSON.stringify([error.error, error.message])
  for (const secret of [
    vendorKey,
    '127.0.0.1',
    'nobody.invalid',
    `${upstream.port}`,
    'upstream-model',
  ])
    expect(shown).not.toContain(secret)
  return error
}

const json = (status: number, body: string): Behaviour =>
  answerBytes(body, status, { 'content-type': 'application/json' })
const inHalfAMinute = () => new Date(Date.now() + 30_000).toUTCString()

describe('before the answer', () => {
  const cases: [string, Behaviour, number, string][] = [
    ['401', answerError(401), 502, 'upstream_refused_our_key'],
    ['403', answerError(403), 502, 'upstream_refused_our_key'],
    ['404', answerError(404), 502, 'upstream_lacks_model'],
    ['408', answerError(408), 504, 'upstream_timeout'],
    ['429', answerError(429, { error: { message: 'slow down' } }), 429, 'upstream_rate_limited'],
    ['500', answerError(500, 'Internal Server Error'), 502, 'upstream_failed'],
    ['503', answerError(503, '<html>down</html>'), 502, 'upstream_failed'],
    ['529', answerError(529, ''), 502, 'upstream_failed'],
    [
      'a redirect',
      answerError(302, '', { location: 'http://169.254.169.254/' }),
      502,
      'upstream_nonsense',
    ],
    ['304', (_, response) => void response.writeHead(304).end(), 502, 'upstream_nonsense'],
    ['something that is not JSON', answerNotJson, 502, 'upstream_nonsense'],
    [
      'HTML',
      answerBytes('<html></html>', 200, { 'content-type': 'text/html' }),
      502,
      'upstream_nonsense',
    ],
    ['nothing', answerBytes('', 200), 502, 'upstream_nonsense'],
    ['null', json(200, 'null'), 502, 'upstream_nonsense'],
    ['a list', json(200, '[]'), 502, 'upstream_nonsense'],
    ['an object without choices', json(200, '{"object":"x"}'), 502, 'upstream_nonsense'],
    ['choices that are no list', json(200, '{"choices":3}'), 502, 'upstream_nonsense'],
    [
      'half of JSON with a matching length',
      json(200, '{"choices":[{"ind'),
      502,
      'upstream_nonsense',
    ],
    [
      'an error under status 200',
      json(200, '{"error":{"message":"CUDA out of memory"}}'),
      502,
      'upstream_failed',
    ],
    ['an error text under status 200', json(200, '{"error":"no"}'), 502, 'upstream_failed'],
    ['a stream nobody asked for', streamChat(), 502, 'upstream_nonsense'],
    [
      'a cut before the head',
      (_, response) => void response.socket?.destroy(),
      502,
      'upstream_unreachable',
    ],
    ['a cut behind the head', cutAfter(0, '', 'application/json'), 502, 'upstream_unreachable'],
    [
      'a cut in its JSON',
      cutAfter(20, '{"choices":[{"index":0}]}', 'application/json'),
      502,
      'upstream_unreachable',
    ],
    [
      'a head of 100 kB',
      (_, response) => void response.writeHead(200, { 'x-a': 'a'.repeat(100_000) }).end('{}'),
      502,
      'upstream_nonsense',
    ],
    [
      'no HTTP',
      (_, response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n'),
      502,
      'upstream_nonsense',
    ],
    ['silence', hang, 504, 'upstream_timeout'],
    ['silence behind its head', stall([], 'application/json'), 504, 'upstream_timeout'],
    [
      'silence within its JSON',
      stall(['{"choices":'], 'application/json'),
      504,
      'upstream_timeout',
    ],
  ]
  test.each(cases)('%s', async (_, behaviour, status, code) => {
    upstream.script(behaviour)
    const error = await errorOf(ask())
    expect(error).toMatchObject({ status, code: expect.any(String), type: expect.any(String) })
    expect(await lastOutcome()).toBe(code)
    if (status >= 500) expect(error).toBeInstanceOf(OpenAI.InternalServerError)
  })

  test('a refused connection', async () => {
    expect(await errorOf(ask('refusing'))).toMatchObject({
      status: 502,
      code: 'upstream_unreachable',
      type: 'api_error',
      message: expect.stringContaining('refuses the connection'),
    })
  })

  test('a host nobody knows', async () => {
    expect(await errorOf(ask('no-such-host'))).toMatchObject({
      status: 502,
      code: 'upstream_unreachable',
      message: expect.stringContaining('DNS'),
    })
  })

  test('a server that takes no connection', async () => {
    const server = await createBlackHole()
    const at = await startGateway({
      config: { model_list: [deployment('hole', server.url, { timeout: 1, num_retries: 0 })] },
    })
    const asked = at.client.chat.completions.create({ model: 'hole', messages })
    expect(await errorOf(asked)).toMatchObject({ status: 504, code: 'upstream_timeout' })
    await at.close()
    await server.close()
  })

  test.each([
    ['of seconds', () => ({ 'retry-after': '7' }), /^7$/],
    ['of milliseconds', () => ({ 'retry-after-ms': '1500' }), /^2$/],
    ['with a date', () => ({ 'retry-after': inHalfAMinute() }), /^(2\d|30)$/],
  ])('Retry-After %s goes on to the caller', async (_, headers, expected) => {
    upstream.script((request, response) =>
      answerError(429, undefined, headers())(request, response),
    )
    const at = await startGateway({
      config: { model_list: [deployment('used-up', upstream.url, { num_retries: 0 })] },
    })
    const again = () => at.client.chat.completions.create({ model: 'used-up', messages })
    const error = await errorOf(again())
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error.headers?.get('retry-after')).toMatch(expected)
    expect(error).toMatchObject({ type: 'some_error', code: 'some_code' })
    const asked = upstream.requests.length
    const refused = await errorOf(again())
    expect(refused).toMatchObject({ status: 429, code: 'upstream_rate_limited' })
    expect(Number(refused.headers?.get('retry-after'))).toBeGreaterThan(0)
    expect(upstream.requests).toHaveLength(asked)
    await at.close()
  })

  test.each([400, 409, 413, 415, 422])(
    'its own %i keeps status, code, param and words',
    async (status) => {
      const said = {
        message: 'temperature is too high',
        type: 't',
        param: 'temperature',
        code: 'c',
      }
      upstream.script(answerError(status, { error: said }))
      const error = await errorOf(ask('retried'))
      expect(error).toMatchObject({ status, param: 'temperature', code: 'c', type: 't' })
      expect(error.message).toContain('temperature is too high')
    },
  )

  test('what it says of keys and addresses is not passed on', async () => {
    upstream.script(
      answerError(400, {
        error: { message: `bad key ${vendorKey} at http://127.0.0.1:${upstream.port}/v1` },
      }),
    )
    await errorOf(ask())
  })

  async function lastOutcome(): Promise<string | undefined> {
    const health: HealthBody = JSON.parse(await (await gateway.get('/health')).text())
    const all = [...health.healthy_endpoints, ...health.unhealthy_endpoints]
    return all.find(({ model }) => model === 'm')?.last_outcome
  }
})

describe('streams', () => {
  const frames = chatFrames({}, false)
  const [first = ''] = frames
  const early: [string, Behaviour, number, string][] = [
    ['an empty stream', streamBytes([]), 502, 'upstream_nonsense'],
    ['only garbage', streamBytes(['data: {not json}\n\n']), 502, 'upstream_nonsense'],
    ['an event that is no JSON', streamBytes(['data: hello\n\n']), 502, 'upstream_nonsense'],
    ['a plain answer instead', answerChat(), 502, 'upstream_nonsense'],
    [
      'an error as its first event',
      streamBytes(['data: {"error":{"message":"no"}}\n\n']),
      502,
      'upstream_failed',
    ],
    ['silence', hang, 504, 'upstream_timeout'],
    ['silence behind its head', stall(), 504, 'upstream_timeout'],
    ['a cut behind its head', cutAfter(0, ''), 502, 'upstream_unreachable'],
    ['half of its first event, then silence', stall([first.slice(0, 20)]), 504, 'upstream_timeout'],
    ['half of its first event, then a cut', cutAfter(20, first), 502, 'upstream_unreachable'],
  ]
  test.each(early)(
    '%s before the first byte is an error answer',
    async (_, behaviour, status, code) => {
      upstream.script(behaviour)
      expect(await errorOf(askStream())).toMatchObject({ status, code })
    },
  )

  const late: [string, Behaviour][] = [
    ['a cut', cutAfter(first.length + 30, frames.join(''))],
    ['a cut between two events', cutAfter(first.length, frames.join(''))],
    ['an end without finish reason or [DONE]', streamBytes(frames.slice(0, 2))],
    ['an error event', streamBytes([first, 'data: {"error":{"message":"CUDA"}}\n\n'])],
    ['garbage', streamBytes([first, 'data: {]\n\n'], { delayMs: 10 })],
    ['silence', stall([first])],
  ]
  test.each(late)('%s in the middle makes the client raise', async (_, behaviour) => {
    upstream.script(behaviour)
    const error = await errorOf(askStream())
    expect(error).toMatchObject({ code: 'stream_interrupted', type: 'api_error' })
  })

  test('an end with a finish reason but without [DONE] is whole', async () => {
    upstream.script(streamChat({ isDone: false }))
    expect(await askStream()).toBe('Hello')
    const text = await (
      await gateway.post('/v1/chat/completions', { model: 'm', messages, stream: true })
    ).text()
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test('the last event of a broken stream is well formed', async () => {
    upstream.script(cutAfter(first.length + 30, frames.join('')))
    const text = await (
      await gateway.post('/v1/chat/completions', { model: 'm', messages, stream: true })
    ).text()
    const last = text.trimEnd().split('\n\n').at(-1) ?? ''
    expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({
      error: { code: 'stream_interrupted', type: 'api_error' },
    })
    expect(text).not.toContain('[DONE]')
  })

  test('sound that breaks off is no whole file', async () => {
    upstream.script(cutAfter(500, Buffer.alloc(1000), 'audio/mpeg'))
    const speech = await gateway.client.audio.speech.create({ model: 'm', voice: 'v', input: 'i' })
    await expect(speech.arrayBuffer()).rejects.toThrow()
  })
})

describe('the next deployment', () => {
  test.each([
    ['500', answerError(500)],
    ['401', answerError(401)],
    ['404', answerError(404)],
    ['429', answerError(429)],
    ['nonsense', answerNotJson],
    ['silence', hang],
    ['a cut', cutAfter(3, '{"choices":[]}', 'application/json')],
  ])('is tried after %s', async (_, behaviour) => {
    upstream.script(behaviour)
    const { data, response } = await ask('pair').withResponse()
    expect(data.choices[0]?.message.content).toBe('from the other')
    expect(response.headers.get('x-litellm-attempted-retries')).toMatch(/^[01]$/)
  })

  test('is tried for a stream before its first byte', async () => {
    other.script(streamChat({ texts: ['fine'] }))
    for (const behaviour of [streamBytes([]), hang, answerError(503), stall(['data: {"cho'])]) {
      upstream.script(behaviour)
      expect(await askStream('pair')).toBe('fine')
    }
  })

  test('is never tried after the first byte', async () => {
    await settled('pair')
    upstream.script(cutAfter(chatFrames({}, false)[0]?.length ?? 0, chatFrames({}, false).join('')))
    const before = other.requests.length
    await errorOf(askStream('pair'))
    expect(other.requests).toHaveLength(before)
  })

  test('is never tried for a fault of the request', async () => {
    await settled('pair')
    upstream.script(answerError(400))
    const before = other.requests.length
    await errorOf(ask('pair'))
    expect(other.requests).toHaveLength(before)
  })

  test('order comes before everything while the first is well', async () => {
    await settled('pair')
    const before = other.requests.length
    for (let count = 0; count < 10; count += 1) await ask('pair')
    expect(other.requests).toHaveLength(before)
  })

  test('a dead one does not hurt its group', async () => {
    for (const model of ['half-dead', 'group']) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(model)))
      for (const { choices } of answers) expect(choices[0]?.message.content).toBe('from the other')
    }
  })

  test('a server that fails once is tried again', async () => {
    upstream.script([answerError(500), answerError(502), answerChat('third time')])
    const { data, response } = await ask('retried').withResponse()
    expect(data.choices[0]?.message.content).toBe('third time')
    expect(response.headers.get('x-litellm-attempted-retries')).toBe('2')
  })

  test('one that rests takes no traffic, and comes back', async () => {
    await settled('pair')
    upstream.script(answerError(500))
    for (let count = 0; count < 4; count += 1) await ask('pair')
    const resting = upstream.requests.length
    await ask('pair')
    expect(upstream.requests).toHaveLength(resting)
    await settled('pair')
  })

  /** Until the first deployment of the pair serves again. */
  async function settled(model: string): Promise<void> {
    upstream.script(answerChat('from the first'))
    await expect
      .poll(async () => (await ask(model)).choices[0]?.message.content, { timeout: 5_000 })
      .toBe('from the first')
  }
})

test('an answer in time after a slow start is an answer', async () => {
  upstream.script(after(600, answerChat('slow')))
  expect((await ask()).choices[0]?.message.content).toBe('slow')
})

test('rate limits and request ids of the upstream reach the caller', async () => {
  upstream.script(
    answerJson({ choices: [] }, 200, {
      'x-ratelimit-remaining-requests': '9',
      'x-request-id': 'req_1',
      'set-cookie': 'a=b',
      server: 'secret/1',
    }),
  )
  const { headers } = await gateway.post('/v1/chat/completions', { model: 'm', messages })
  expect(headers.get('x-ratelimit-remaining-requests')).toBe('9')
  expect(headers.get('x-request-id')).toBe('req_1')
  expect(headers.get('set-cookie')).toBeNull()
  expect(headers.get('server')).toBeNull()
})
