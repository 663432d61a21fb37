import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import {
  after,
  answerChat,
  createFakeUpstream,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'
import { keysIn } from '../doubles/virtual-keys.ts'

const salt = randomBytes(32).toString('hex')
const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
let keys: ReturnType<typeof keysIn>
const open: TestGateway[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
  database = await postgres.createDatabase()
  keys = keysIn(database, salt)
  upstream = await createFakeUpstream()
})
afterAll(async () => {
  await upstream.close()
  await postgres.remove()
})
beforeEach(() => upstream.script(answerChat()))
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  await postgres.start()
})

async function start(general: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    config: { ...modelAt(upstream.url), general_settings: general },
    env: { MODULE: 'llm', DATABASE_URL: database.url, SALT_KEY: salt },
  })
  open.push(gateway)
  return gateway
}

const untilKeysAre = (gateway: TestGateway, mode: string) =>
  until(
    async () => (await (await gateway.get('/health/readiness')).text()).includes(`"${mode}"`),
    20_000,
  )

async function ask(gateway: TestGateway, key = gateway.key, changes: object = {}) {
  const response = await gateway.post(
    '/v1/chat/completions',
    { ...body, ...changes },
    { authorization: `Bearer ${key}` },
  )
  const { error }: { error?: { code: string } } = JSON.parse(await response.text())
  const call = response.headers.get('x-litellm-call-id')
  return { outcome: error?.code ?? response.status, call }
}

test('a gateway that starts while Postgres is away tells what must wait from what must not', async () => {
  const first = await start()
  await untilKeysAre(first, 'listening')
  const key = await keys.add()
  await postgres.stop()
  const gateway = await start({ limits: { rpm_limit: 2 }, store_model_in_db: true })
  const free = await start({ limits: { rpm_limit: 2 }, on_database_outage: 'allow' })
  expect((await ask(gateway, key)).outcome).toBe('storage_unavailable')
  expect((await ask(gateway)).outcome).toBe('storage_unavailable')
  expect((await ask(free)).outcome).toBe(200)
  expect((await ask(free)).outcome).toBe(200)
  expect((await ask(free)).outcome).toBe('rate_limit_exceeded')
  expect((await ask(gateway, gateway.key, { model: 'stored' })).outcome).toBe('model_not_found')
  expect((await gateway.get('/v1/models')).status).toBe(200)
  expect((await gateway.post('/key/generate', {})).status).toBe(503)
  expect((await gateway.get('/spend/logs')).status).toBe(503)
  await postgres.start()
  await untilKeysAre(gateway, 'listening')
  // Those that were answered meanwhile count now, for everybody on the module.
  await until(async () => (await ask(gateway, key)).outcome === 'rate_limit_exceeded')
  await untilKeysAre(first, 'listening')
  expect((await ask(first, key)).outcome).toBe(200)
}, 60_000)

test('requests at once are never more than the places that a gateway has, and the others hear why', async () => {
  upstream.script(after(1500, answerChat()))
  const gateway = await start()
  await untilKeysAre(gateway, 'listening')
  const key = await keys.add({ settings: { max_parallel_requests: 2 } })
  // Its places are leased with its first request.
  expect((await ask(gateway, key)).outcome).toBe(200)
  await postgres.stop()
  await untilKeysAre(gateway, 'away')
  const all = await Promise.all(Array.from({ length: 5 }, () => ask(gateway, key)))
  const outcomes = all.map(({ outcome }) => outcome)
  const answered = outcomes.filter((outcome) => outcome === 200).length
  expect(answered).toBeGreaterThan(0)
  expect(answered).toBeLessThanOrEqual(2)
  for (const outcome of outcomes)
    expect([200, 'rate_limit_exceeded', 'storage_unavailable']).toContain(outcome)
}, 60_000)

test('what this gateway answered is explained without Postgres', async () => {
  const gateway = await start()
  await untilKeysAre(gateway, 'listening')
  const { call } = await ask(gateway)
  await postgres.stop()
  expect((await gateway.get(`/explain/${call}`)).status).toBe(200)
}, 60_000)
