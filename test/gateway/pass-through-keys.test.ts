import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { answerChat, createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  postgres = await createTestPostgres()
  database = await postgres.createDatabase()
  upstream = await createFakeUpstream(answerChat())
  gateway = await startGateway({
    config: { model_list: [deployment('m', upstream.url, { input_cost_per_token: 0.001 })] },
    env: { DATABASE_URL: database.url, SALT_KEY: randomBytes(32).toString('hex') },
  })
  await until(async () =>
    (await (await gateway.get('/health/readiness')).text()).includes('"connected"'),
  )
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await postgres.remove()
})

async function statusWith(settings: Record<string, unknown>): Promise<number> {
  const made = await gateway.post('/key/generate', settings)
  const { key }: { key: string } = JSON.parse(await made.text())
  const body = { model: 'upstream-model' }
  const headers = { authorization: `Bearer ${key}` }
  return (await gateway.post('/openai/v1/chat/completions', body, headers)).status
}

const routes = { allowed_routes: ['/openai/*'] }

test('a key may whose allowed_routes name the path, and none that something holds back', async () => {
  expect(await statusWith(routes)).toBe(200)
  const before = upstream.requests.length
  expect(await statusWith({})).toBe(403)
  expect(await statusWith({ allowed_routes: ['llm_api_routes'] })).toBe(403)
  expect(await statusWith({ ...routes, models: ['m'] })).toBe(403)
  expect(await statusWith({ ...routes, max_budget: 100 })).toBe(403)
  expect(await statusWith({ ...routes, tpm_limit: 100_000 })).toBe(403)
  expect(await statusWith({ ...routes, rpm_limit: 0 })).toBe(429)
  expect(upstream.requests).toHaveLength(before)
})

test('a row says where it went, what it used and who asked', async () => {
  await gateway.post('/openai/v1/chat/completions', { model: 'upstream-model' })
  const row = async () =>
    (
      await database.query(
        "select * from colonnade.spend_logs where caller = 'litellm_proxy_master_key'",
      )
    )[0]
  await until(async () => (await row()) !== undefined)
  expect(await row()).toMatchObject({
    endpoint: 'pass-through',
    provider: 'openai',
    model: 'm',
    upstream_model: 'upstream-model',
    total_tokens: '8',
    cost_nano: '5000000',
    status: 200,
    outcome: 'ok',
  })
})
