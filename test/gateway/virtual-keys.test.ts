import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createVirtualKey } from '../../gateway/auth/virtual-key.ts'
import {
  answerChat,
  answerError,
  createFakeUpstream,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'
import { keysIn } from '../doubles/virtual-keys.ts'

const salt = randomBytes(32).toString('hex')
const messages = [{ role: 'user', content: 'hi' }]
let failing = new Set<string>()
const playing: Behaviour = (request, response) => {
  const { model }: { model: string } = JSON.parse(request.body.toString())
  return (failing.has(model) ? answerError(500, {}) : answerChat(model))(request, response)
}

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
let llm: TestGateway
let vision: TestGateway
let keys: ReturnType<typeof keysIn>

function configOf(changes: Readonly<Record<string, unknown>> = {}) {
  const at = (name: string, params = {}, info = {}) => ({
    ...deployment(name, upstream.url, { model: `openai/${name}`, num_retries: 0, ...params }),
    model_info: info,
  })
  return {
    model_list: [
      at('cheap'),
      at('dear'),
      at('grouped', {}, { access_groups: ['beta'] }),
      at('vendor/*', { model: 'openai/*' }),
      at('tagged', { model: 'openai/for-eu', tags: ['eu'] }),
      at('tagged', { model: 'openai/for-all', tags: ['default'] }),
    ],
    router_settings: {
      enable_tag_filtering: true,
      fallbacks: [{ cheap: ['dear'] }],
      cooldown_time: 0,
    },
    ...changes,
  }
}

const envOf = (MODULE: string) => ({ MODULE, DATABASE_URL: database.url, SALT_KEY: salt })

beforeAll(async () => {
  postgres = await createTestPostgres()
  database = await postgres.createDatabase()
  upstream = await createFakeUpstream(playing)
  llm = await startGateway({ config: configOf(), env: envOf('llm') })
  await untilKeysAreRead(llm)
  vision = await startGateway({ config: configOf(), env: envOf('vision') })
  await untilKeysAreRead(vision)
  keys = keysIn(database, salt)
})
afterAll(async () => {
  await Promise.all([llm.close(), vision.close()])
  await upstream.close()
  await postgres.remove()
})
beforeEach(() => {
  failing = new Set()
})

async function untilKeysAreRead(gateway: TestGateway): Promise<void> {
  await until(async () => (await readiness(gateway)).virtual_keys === 'listening')
}

async function readiness(gateway: TestGateway): Promise<Record<string, unknown>> {
  return JSON.parse(await (await gateway.get('/health/readiness')).text())
}

const by = (key: string) => ({ authorization: `Bearer ${key}` })

async function ask(
  gateway: TestGateway,
  key: string,
  body: Readonly<Record<string, unknown>> = {},
) {
  const response = await gateway.post(
    '/v1/chat/completions',
    { model: 'cheap', messages, ...body },
    by(key),
  )
  const json = JSON.parse(await response.text())
  return {
    status: response.status,
    code: json.error?.code,
    message: String(json.error?.message ?? ''),
    text: json.choices?.[0]?.message?.content,
    model: json.model,
  }
}

async function modelsOf(key: string): Promise<string[]> {
  const list = JSON.parse(await (await llm.get('/v1/models', by(key))).text())
  return list.data.map(({ id }: { id: string }) => id)
}

test('a key is good on every module, from the moment it is made', async () => {
  const key = await keys.add()
  expect((await ask(llm, key)).status).toBe(200)
  expect((await ask(vision, key)).status).toBe(200)
})

test('what is no key is refused, in LiteLLM’s words', async () => {
  const { status, code, message } = await ask(llm, createVirtualKey())
  expect([status, code]).toEqual([401, 'invalid_api_key'])
  expect(message).toMatch(/^Authentication Error, Invalid API key provided\./)
})

test('an expired key says when it expired', async () => {
  const key = await keys.add({ expiresAt: '2026-01-02T03:04:05Z' })
  const { status, message } = await ask(llm, key)
  expect(status).toBe(401)
  expect(message).toMatch(
    /^Authentication Error - Expired Key\. Key Expiry time 2026-01-02T03:04:05/,
  )
})

test('what is blocked is said', async () => {
  await keys.addTeam('blocked-team')
  const ofTeam = await keys.add({ teamId: 'blocked-team' })
  const key = await keys.add()
  await database.query(`update colonnade.keys set is_blocked = true where id = $1`, [
    keys.digestOf(key),
  ])
  await database.query(`update colonnade.teams set is_blocked = true where id = 'blocked-team'`)
  expect((await ask(llm, key)).message).toMatch(/^Authentication Error, Key is blocked\./)
  expect(await ask(llm, ofTeam)).toMatchObject({
    status: 401,
    message: expect.stringMatching(/Team blocked-team is blocked.*\/team\/unblock/),
  })
})

describe('models', () => {
  test('outside its list are refused, and the list is said', async () => {
    const key = await keys.add({ settings: { models: ['cheap', 'beta', 'vendor/small-*'] } })
    expect(await ask(llm, key, { model: 'dear' })).toMatchObject({
      status: 403,
      code: 'model_not_allowed',
      message: expect.stringMatching(/model dear is not available.*may use cheap, beta, vendor/),
    })
    expect((await ask(llm, key, { model: 'cheap' })).status).toBe(200)
    expect((await ask(llm, key, { model: 'grouped' })).status).toBe(200)
    expect((await ask(llm, key, { model: 'vendor/small-1' })).status).toBe(200)
    expect((await ask(llm, key, { model: 'vendor/big' })).status).toBe(403)
    expect(await modelsOf(key)).toEqual(['cheap', 'grouped', 'vendor/small-*'])
  })

  test('must stand in the team’s list too', async () => {
    await keys.addTeam('narrow', { models: ['dear'] })
    const key = await keys.add({ teamId: 'narrow', settings: { models: ['cheap', 'dear'] } })
    expect((await ask(llm, key)).message).toMatch(/its team narrow may use dear/)
    expect((await ask(llm, key, { model: 'dear' })).status).toBe(200)
    expect(await modelsOf(key)).toEqual(['dear'])
  })

  test('that a caller names as fallbacks need the right, those of the operator do not', async () => {
    failing = new Set(['cheap'])
    const key = await keys.add({ settings: { models: ['cheap'] } })
    expect(await ask(llm, key)).toMatchObject({ status: 200, text: 'dear' })
    const own = await ask(llm, key, { fallbacks: ['dear'] })
    expect(own).toMatchObject({ status: 403, code: 'model_not_allowed' })
  })

  test('are asked by the key’s own names, and answer by them', async () => {
    const settings = { aliases: { mine: 'dear' }, models: ['dear'] }
    const key = await keys.add({ settings })
    expect(await ask(llm, key, { model: 'mine' })).toMatchObject({ text: 'dear', model: 'mine' })
    expect(await modelsOf(key)).toEqual(['dear', 'mine'])
  })

  test('are found by the key’s tags', async () => {
    const key = await keys.add({ settings: { tags: ['eu'] } })
    expect((await ask(llm, key, { model: 'tagged' })).text).toBe('for-eu')
    expect((await ask(llm, await keys.add(), { model: 'tagged' })).text).toBe('for-all')
  })

  test('are not counted for either where they may not be used', async () => {
    const key = await keys.add({ settings: { models: ['dear'] } })
    const count = (model: string) =>
      llm.post('/v1/messages/count_tokens', { model, messages }, by(key))
    expect((await count('cheap')).status).toBe(403)
    expect((await count('dear')).status).toBe(200)
  })
})

test('a key for one module is refused on others', async () => {
  const key = await keys.add({ settings: { modules: ['vision'] } })
  expect(await ask(llm, key)).toMatchObject({ status: 403, code: 'route_not_allowed' })
  expect((await ask(vision, key)).status).toBe(200)
})

test('a key for other routes asks no model', async () => {
  const key = await keys.add({ settings: { key_type: 'management' } })
  expect(await ask(llm, key)).toMatchObject({ status: 403, code: 'route_not_allowed' })
  expect((await llm.get('/v1/models', by(key))).status).toBe(403)
})

test('a key is told why of its own exchanges, and sees nothing of others', async () => {
  const [mine, other] = [await keys.add(), await keys.add()]
  const response = await llm.post('/v1/chat/completions', { model: 'cheap', messages }, by(mine))
  await response.text()
  const path = `/explain/${response.headers.get('x-litellm-call-id')}`
  expect((await llm.get(path, by(mine))).status).toBe(200)
  expect((await llm.get(path, by(other))).status).toBe(404)
  expect((await llm.get(path)).status).toBe(200)
})

test('what is about the whole gateway is shown to keys of admins alone', async () => {
  await keys.addUser('viewer', 'proxy_admin_viewer')
  const [plain, admins] = [await keys.add(), await keys.add({ userId: 'viewer' })]
  expect((await llm.get('/config/status', by(plain))).status).toBe(403)
  expect((await llm.get('/config/status', by(admins))).status).toBe(200)
  const shownTo = async (key: string) =>
    JSON.stringify(await (await llm.get('/health', by(key))).json()).includes('api_base')
  await ask(llm, plain)
  expect(await shownTo(plain)).toBe(false)
  expect(await shownTo(admins)).toBe(true)
})

test('keys are in no log, status or metric', async () => {
  const key = await keys.add()
  await ask(llm, key)
  await ask(llm, createVirtualKey())
  const told = [
    ...llm.log,
    await (await llm.get('/metrics')).text(),
    await (await llm.get('/config/status')).text(),
  ].join('\n')
  expect(told).not.toContain(key)
  expect(told).not.toContain(salt)
  expect(told).toContain(keys.digestOf(key))
})

test('metrics name the key, its team and its user', async () => {
  await keys.addTeam('measured')
  await keys.addUser('ann')
  const key = await keys.add({ teamId: 'measured', userId: 'ann' })
  await ask(llm, key)
  const labels = { hashed_api_key: keys.digestOf(key), team: 'measured', user: 'ann' }
  expect(await llm.metric('litellm_proxy_total_requests_metric_total', labels)).toBe(1)
  const { hashed_api_key, team } = labels
  const attempts = 'litellm_deployment_success_responses_total'
  expect(await llm.metric(attempts, { hashed_api_key, team })).toBe(1)
})

test('keys made under a former salt key go on', async () => {
  const key = await keys.add()
  const gateway = await startGateway({
    config: configOf(),
    env: { ...envOf('llm'), SALT_KEY: `${randomBytes(32).toString('hex')},${salt}` },
  })
  await untilKeysAreRead(gateway)
  expect((await ask(gateway, key)).status).toBe(200)
  expect((await ask(gateway, key)).status).toBe(200)
  expect((await ask(gateway, createVirtualKey())).status).toBe(401)
  await gateway.close()
})

test('under another salt key an unknown key is not called wrong', async () => {
  const key = await keys.add()
  const gateway = await startGateway({
    config: configOf(),
    env: { ...envOf('llm'), SALT_KEY: randomBytes(32).toString('hex') },
  })
  await until(async () => (await readiness(gateway)).salt_key === 'changed')
  expect(await ask(gateway, key)).toMatchObject({
    status: 503,
    message: expect.stringMatching(/salt key is not the one/),
  })
  await gateway.close()
})

test.each([
  [{ SALT_KEY: salt }, /virtual keys need a database/],
  [{}, /virtual keys are off, since SALT_KEY/],
])('without what keys need, a wrong one is told so: %#', async (env, expected) => {
  const gateway = await startGateway({ config: configOf(), env })
  const { status, message } = await ask(gateway, createVirtualKey())
  expect(status).toBe(401)
  expect(message).toMatch(expected)
  await gateway.close()
})
