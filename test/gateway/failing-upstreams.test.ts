import { APIError } from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  after,
  answerChat,
  answerError,
  answerNotJson,
  createFakeUpstream,
  hang,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'

let first: FakeUpstream
let second: FakeUpstream
let gateway: TestGateway

beforeEach(async () => {
  first = await createFakeUpstream()
  second = await createFakeUpstream(answerChat('from the second'))
})
afterEach(async () => {
  await gateway.close()
  await first.close()
  await second.close()
})

interface Row {
  readonly model_id: string
  readonly breaker: string
  readonly cooling_for_ms: number
  readonly limited_for_ms: number
  readonly in_flight: number
  readonly last_outcome: string
  readonly last_status?: number
  readonly configuration_fault?: string
  readonly error?: string
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && 'model_id' in value && 'breaker' in value

/** What `/health` says of a deployment to the master key. */
async function healthOf(id: string): Promise<Row> {
  const body: unknown = await (await gateway.get('/health')).json()
  const lists = Object.values(body ?? {}).flatMap((value: unknown) =>
    Array.isArray(value) ? value.filter(isRow) : [],
  )
  const found = lists.find((row) => row.model_id === id)
  if (!found) throw new Error(`no ${id} in ${JSON.stringify(body)}`)
  return found
}

const entry = (id: string, url: string, params: Record<string, unknown> = {}) => ({
  ...deployment('m', url, params),
  model_info: { id },
})

const documentOf = (
  entries: readonly unknown[],
  router_settings: Record<string, unknown> = {},
) => ({
  model_list: entries,
  router_settings: { num_retries: 1, ...router_settings },
})

async function start(entries: readonly unknown[], router: Record<string, unknown> = {}) {
  gateway = await startGateway({ config: documentOf(entries, router) })
}

/** The first before the second, strictly. */
const inOrder = () => [
  entry('first', first.url, { order: 1 }),
  entry('second', second.url, { order: 2 }),
]

const messages = [{ role: 'user' as const, content: 'hi' }]

/** The answer's text, or the code of the error. */
const ask = (): Promise<string> =>
  gateway.client.chat.completions.create({ model: 'm', messages }).then(
    ({ choices }) => choices[0]?.message.content ?? '',
    (thrown: unknown) => (thrown instanceof APIError ? `${thrown.code}` : String(thrown)),
  )

/** Asks so often, so many at once. */
async function askOften(count: number, atOnce: number): Promise<string[]> {
  const answers: string[] = []
  let left = count
  const work = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1
      answers.push(await ask())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}

const fail: Behaviour = answerError(500, {})

describe('the load on what fails', () => {
  test('grows by a fifth at most, however many retries are set', async () => {
    first.script(fail)
    second.script(fail)
    await start([entry('first', first.url), entry('second', second.url)], { num_retries: 5 })
    const startedAt = performance.now()
    const count = 1_000
    const answers = await askOften(count, 20)
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000)
    expect(new Set(answers)).toEqual(new Set(['upstream_failed']))
    const extra = first.requests.length + second.requests.length - count
    expect(extra).toBeGreaterThan(0)
    // Ten a second are always granted: on a busy machine that may be more than a fifth.
    expect(extra).toBeLessThanOrEqual(Math.max(count * 0.2, 10 * seconds) + 20)
  }, 60_000)

  test('does not grow because it fails fast', async () => {
    first.script(fail)
    second.script(after(20, answerChat('from the second')))
    await start([entry('first', first.url), entry('second', second.url)], {
      disable_cooldowns: true,
    })
    const answers = await askOften(200, 4)
    expect(new Set(answers)).toEqual(new Set(['from the second']))
    expect(first.requests.length).toBeLessThan(20)
  })
})

describe('a rest', () => {
  const rules = { allowed_fails: 0, cooldown_time: 0.3 }

  test('ends with one real request, while the others go elsewhere', async () => {
    first.script(fail)
    await start(inOrder(), rules)
    expect(await ask()).toBe('from the second')
    expect(await healthOf('first')).toMatchObject({
      breaker: 'open',
      last_outcome: 'upstream_failed',
      last_status: 500,
    })
    await askOften(10, 5)
    expect(first.requests).toHaveLength(1)
    await until(async () => (await healthOf('first')).breaker === 'half-open')
    first.script(after(300, answerChat('from the first')))
    const answers = await askOften(20, 20)
    expect(first.requests).toHaveLength(2)
    expect(answers.filter((answer) => answer === 'from the first')).toHaveLength(1)
    expect(await healthOf('first')).toMatchObject({ breaker: 'closed', last_outcome: 'ok' })
    expect(await ask()).toBe('from the first')
  })

  test('is probed by the next request when the first caller leaves', async () => {
    first.script(fail)
    await start(inOrder(), rules)
    await ask()
    await until(async () => (await healthOf('first')).breaker === 'half-open')
    first.script(hang)
    const leaving = new AbortController()
    const left = gateway.client.chat.completions
      .create({ model: 'm', messages }, { signal: leaving.signal })
      .catch(() => 'left')
    await first.arrived(2)
    leaving.abort()
    expect(await left).toBe('left')
    await until(async () => (await healthOf('first')).in_flight === 0)
    first.script(answerChat('from the first'))
    expect(await ask()).toBe('from the first')
  })

  test('takes nothing from callers where there is no other deployment', async () => {
    first.script(fail)
    await start([entry('first', first.url, { num_retries: 0 })], { ...rules, cooldown_time: 60 })
    for (let count = 0; count < 5; count += 1) expect(await ask()).toBe('upstream_failed')
    expect(first.requests).toHaveLength(5)
    first.script(answerChat('well again'))
    expect(await ask()).toBe('well again')
    expect(await healthOf('first')).toMatchObject({ breaker: 'closed', cooling_for_ms: 0 })
  })

  test('of all of them is none: all are tried', async () => {
    first.script(fail)
    second.script(fail)
    await start([entry('first', first.url), entry('second', second.url)], {
      ...rules,
      cooldown_time: 60,
    })
    expect(await ask()).toBe('upstream_failed')
    second.script(answerChat('from the second'))
    await until(async () => (await ask()) === 'from the second')
  })

  test('shows in the metrics', async () => {
    first.script(answerError(503))
    await start(inOrder(), { ...rules, cooldown_time: 60 })
    await ask()
    const rests = 'litellm_deployment_cooled_down_total'
    expect(await gateway.metric(rests, { model_id: 'first', exception_status: '503' })).toBe(1)
    const breaker = (id: string) =>
      gateway.metric('colonnade_deployment_breaker', { model_deployment: id })
    expect([await breaker('first'), await breaker('second')]).toEqual([2, 0])
    expect(await gateway.metric('litellm_deployment_state', { model_id: 'first' })).toBe(2)
  })
})

describe('a 429', () => {
  test.each([
    ['seconds', () => ({ 'retry-after': '30' }), 30_000],
    ['milliseconds', () => ({ 'retry-after-ms': '45500' }), 46_000],
    ['a date', () => ({ 'retry-after': new Date(Date.now() + 30_000).toUTCString() }), 30_000],
    [
      'the reset of what is used up',
      () => ({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' }),
      60_000,
    ],
  ])('deselects until its reset, given as %s', async (_how, headers, ms) => {
    first.script(answerError(429, {}, headers()))
    await start(inOrder())
    expect(await ask()).toBe('from the second')
    const { limited_for_ms: left, breaker } = await healthOf('first')
    expect(breaker).toBe('closed')
    expect(left).toBeGreaterThan(ms - 5_000)
    expect(left).toBeLessThanOrEqual(ms)
    await askOften(10, 5)
    expect(first.requests).toHaveLength(1)
  })

  test('ends with its reset', async () => {
    first.script([answerError(429, {}, { 'retry-after-ms': '900' }), answerChat('from the first')])
    await start(inOrder())
    expect(await ask()).toBe('from the second')
    await until(async () => (await healthOf('first')).limited_for_ms === 0)
    expect(await ask()).toBe('from the first')
  })

  test('of the only deployment is told to the next caller, without asking again', async () => {
    first.script(answerError(429, {}, { 'retry-after': '40' }))
    await start([entry('first', first.url, { num_retries: 0 })])
    expect(await ask()).not.toBe('Hello there.')
    const refused = await gateway.post('/v1/chat/completions', { model: 'm', messages })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30)
    await refused.text()
    expect(first.requests).toHaveLength(1)
  })
})

describe('a configuration fault', () => {
  test.each([
    [401, 'upstream_refused_our_key', /api_key \(401\)\. Set a valid one/],
    [402, 'upstream_refused_our_key', /out of credit \(402\)/],
    [404, 'upstream_lacks_model', /no such model or path \(404\)\. Pull/],
  ])('%i is shown with what to do, and passed over', async (status, fault, advice) => {
    first.script(answerError(status))
    await start(inOrder())
    expect(await ask()).toBe('from the second')
    await askOften(10, 5)
    expect(first.requests).toHaveLength(1)
    const health = await healthOf('first')
    expect(health).toMatchObject({ configuration_fault: fault, breaker: 'open' })
    expect(health.error).toMatch(advice)
    const gauge = 'colonnade_deployment_configuration_fault'
    expect(await gateway.metric(gauge, { model_deployment: 'first' })).toBe(1)
  })

  test('is asked again at once when a new document comes', async () => {
    first.script([answerError(401), answerChat('from the first')])
    await start(inOrder())
    expect(await ask()).toBe('from the second')
    gateway.writeConfig(documentOf(inOrder(), { num_retries: 2 }))
    await until(async () => (await gateway.metric('colonnade_config_generation')) === 2)
    expect(await ask()).toBe('from the first')
  })
})

describe('what may have been billed', () => {
  test('is not asked of the same deployment again', async () => {
    first.script(answerNotJson)
    await start([entry('first', first.url)], { num_retries: 4 })
    expect(await ask()).toBe('upstream_nonsense')
    expect(first.requests).toHaveLength(1)
  })

  test('is asked of another one, once', async () => {
    first.script(answerNotJson)
    second.script(answerNotJson)
    await start([entry('first', first.url), entry('second', second.url)], { num_retries: 4 })
    expect(await ask()).toBe('upstream_nonsense')
    expect([first.requests.length, second.requests.length]).toEqual([1, 1])
  })
})

describe('what says nothing about a server', () => {
  test('is a prompt that is too long for it', async () => {
    const error = { message: 'prompt is too long: 9 tokens > 8 maximum', type: 'x' }
    first.script(answerError(400, { error }))
    await start(inOrder(), { allowed_fails: 0 })
    expect(await ask()).toBe('context_length_exceeded')
    expect(second.requests).toHaveLength(0)
    expect(await healthOf('first')).toMatchObject({ breaker: 'closed', last_outcome: 'unknown' })
  })

  test('is a caller that leaves', async () => {
    first.script(hang)
    await start(inOrder(), { allowed_fails: 0 })
    const leaving = new AbortController()
    const asked = Array.from({ length: 10 }, () =>
      gateway.client.chat.completions
        .create({ model: 'm', messages, stream: true }, { signal: leaving.signal })
        .catch(() => 'left'),
    )
    await first.arrived(10)
    leaving.abort()
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['left']))
    await until(async () => (await healthOf('first')).in_flight === 0)
    expect(await healthOf('first')).toMatchObject({ breaker: 'closed', last_outcome: 'unknown' })
    expect(second.requests).toHaveLength(0)
  })
})
