import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { decide } from '../../gateway/routing/decide.ts'
import type { DecisionInput } from '../../gateway/routing/decision.ts'
import type { Explanation } from '../../gateway/telemetry/explanation.ts'
import {
  answerChat,
  answerError,
  createFakeUpstream,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import {
  deployment,
  modelAt,
  startGateway,
  startGatewayProcess,
  until,
  type Config,
} from '../doubles/gateway.ts'
import { createTestPostgres, type TestPostgres } from '../doubles/postgres.ts'

let good: FakeUpstream
let bad: FakeUpstream
let postgres: TestPostgres
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ;[good, bad, postgres] = await Promise.all([
    createFakeUpstream(answerChat()),
    createFakeUpstream(answerError(500)),
    createTestPostgres(),
  ])
})
afterAll(() => Promise.all([good.close(), bad.close(), postgres.remove()]))
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  good.script(answerChat())
})

async function start(config: Config, env: Record<string, string> = {}) {
  const gateway = await startGateway({ config, env })
  closing.push(() => gateway.close())
  return gateway
}

type Gateway = Awaited<ReturnType<typeof start>>

async function ask(gateway: Pick<Gateway, 'post'>, body: object = {}, headers = {}) {
  const answer = await gateway.post(
    '/v1/chat/completions',
    { model: 'm', messages: [{ role: 'user', content: 'a secret prompt' }], ...body },
    headers,
  )
  await answer.text()
  return answer.headers.get('x-litellm-call-id') ?? ''
}

async function explanationOf(gateway: Pick<Gateway, 'get'>, id: string): Promise<Explanation> {
  const answer = await gateway.get(`/explain/${id}`)
  expect(answer.status).toBe(200)
  const told: Explanation = JSON.parse(await answer.text())
  return told
}

const chain = () => ({
  model_list: [
    deployment('m', bad.url, { order: 1, model: 'openai/first' }),
    deployment('m', good.url, {
      order: 2,
      model: 'openai/second',
      input_cost_per_token: 0.000_002,
      output_cost_per_token: 0.000_01,
    }),
  ],
  router_settings: { num_retries: 0 },
})

test('each choice, each attempt and the price are told, and none of the content', async () => {
  const gateway = await start(chain())
  const id = await ask(gateway)
  const told = await explanationOf(gateway, id)
  expect(told).toMatchObject({ id, model: 'm', group: 'm', outcome: 'ok', status: 200 })
  expect(told.attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
    ['upstream_failed', 500],
    ['ok', 200],
  ])
  expect(told.attempts.map((attempt) => attempt.deployment)).toContain(told.deployment)
  expect(told.decisions.at(0)?.decision.order).toEqual([0])
  expect(told.decisions.at(-1)?.decision.order).toEqual([1])
  expect(told.decisions[0]?.decision.passedOver).toMatchObject([
    { index: 1, reason: 'lower priority' },
  ])
  expect(told.cost).toBeCloseTo(5 * 0.000_002 + 3 * 0.000_01, 12)
  const text = JSON.stringify(told)
  for (const hidden of ['a secret prompt', 'Hello there', gateway.key, '127.0.0.1'])
    expect(text).not.toContain(hidden)
})

test('a decision made again from what is told of it comes out the same', async () => {
  const gateway = await start({
    model_list: ['a', 'b', 'c'].map((name) =>
      deployment('m', good.url, { model: `openai/${name}`, weight: name === 'a' ? 3 : 1 }),
    ),
  })
  for (let count = 0; count < 10; count += 1) {
    const { decisions } = await explanationOf(gateway, await ask(gateway))
    expect(decisions).toHaveLength(1)
    for (const { input, decision } of decisions) {
      const recorded: DecisionInput = input
      expect(decide(recorded)).toEqual(decision)
    }
  }
})

test('a model with one deployment is explained by that, streamed too', async () => {
  good.script(streamChat())
  const gateway = await start(modelAt(good.url))
  const told = await explanationOf(gateway, await ask(gateway, { stream: true }))
  expect(told).toMatchObject({ outcome: 'ok', stream: true, decisions: [] })
  expect(told.attempts).toMatchObject([{ group: 'm', outcome: 'ok', status: 200 }])
  expect(told.attempts[0]?.deployment).toBe(told.deployment)
  expect(told.note).toMatch(/^One deployment/)
  expect(told.usage).toMatchObject({ totalTokens: 7 })
})

test('a failed request, and one that never found its model, are explained by the id of the error', async () => {
  const gateway = await start(modelAt(bad.url, { num_retries: 0 }))
  const failed = await explanationOf(gateway, await ask(gateway))
  expect(failed).toMatchObject({ outcome: 'upstream_failed', status: 502 })
  expect(failed.attempts).toMatchObject([{ outcome: 'upstream_failed', status: 500 }])
  const unknown = await explanationOf(gateway, await ask(gateway, { model: 'nowhere' }))
  expect(unknown).toMatchObject({ outcome: 'model_not_found', group: '(unknown)', attempts: [] })
})

test("the caller's own id finds it", async () => {
  const gateway = await start(modelAt(good.url))
  expect(await ask(gateway, {}, { 'x-litellm-call-id': 'my.call:1' })).toBe('my.call:1')
  expect(await explanationOf(gateway, 'my.call:1')).toMatchObject({ call_id: 'my.call:1' })
})

test('an unknown id, an odd one and a missing or wrong key are refused, each in its way', async () => {
  const gateway = await start(modelAt(good.url))
  const unknown = await gateway.get(`/explain/${randomUUID()}`)
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ error: { code: 'not_found' } })
  expect((await gateway.get('/explain/%00%2f')).status).toBe(400)
  const id = await ask(gateway)
  expect((await fetch(`${gateway.url}/explain/${id}`)).status).toBe(401)
  const wrong = await gateway.get(`/explain/${id}`, { authorization: 'Bearer sk-wrong' })
  expect(wrong.status).toBe(401)
})

test('with Postgres every replica of the module answers, after the end of the one that served too', async () => {
  const { url } = await postgres.createDatabase()
  const env = { DATABASE_URL: url, MODULE: 'llm' }
  const one = await startGateway({ config: chain(), env })
  const other = await start(chain(), { ...env, LITELLM_MASTER_KEY: one.key })
  const askOther = {
    get: (at: string) => other.get(at, { authorization: `Bearer ${one.key}` }),
  }
  for (const gateway of [one, other])
    await until(async () => {
      return (await (await gateway.get('/health/readiness')).text()).includes('"db":"connected"')
    })
  const id = await ask(one)
  await until(async () => (await askOther.get(`/explain/${id}`)).status === 200)
  const last = await ask(one)
  await one.close()
  for (const known of [id, last]) {
    const told = await explanationOf(askOther, known)
    expect(told.attempts).toHaveLength(2)
    for (const { input, decision } of told.decisions) expect(decide(input)).toEqual(decision)
  }
})

test('with Postgres a plain exchange is told of from its usage row', async () => {
  const { url } = await postgres.createDatabase()
  const env = { DATABASE_URL: url, MODULE: 'llm' }
  const one = await startGateway({ config: modelAt(good.url), env })
  const other = await start(modelAt(good.url), { ...env, LITELLM_MASTER_KEY: one.key })
  await until(async () => {
    return (await (await one.get('/health/readiness')).text()).includes('"db":"connected"')
  })
  const id = await ask(one)
  await one.close()
  const headers = { authorization: `Bearer ${one.key}` }
  await until(async () => (await other.get(`/explain/${id}`, headers)).status === 200)
  const told: Explanation = JSON.parse(await (await other.get(`/explain/${id}`, headers)).text())
  expect(told).toMatchObject({ id, outcome: 'ok', status: 200, usage: { totalTokens: 8 } })
  expect(told.attempts).toMatchObject([{ deployment: told.deployment, outcome: 'ok' }])
})

test('any worker of a process answers for the others', async () => {
  const gateway = await startGatewayProcess({ config: chain(), env: { NUM_WORKERS: '2' } })
  closing.push(() => gateway.close())
  await gateway.untilReady()
  await until(async () => {
    return (await (await gateway.get('/config/status')).text()).split('"worker":').length === 3
  })
  const id = await ask(gateway)
  // Connections go to the workers in turn.
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => gateway.get(`/explain/${id}`, { connection: 'close' })),
  )
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
})
