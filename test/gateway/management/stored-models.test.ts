import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import { saltIdOf } from '../../../gateway/auth/seal.ts'
import { answerChat, createFakeUpstream, type FakeUpstream } from '../../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'

const salt = 'a-salt-key-for-tests-that-is-long-enough'
const newSalt = 'another-salt-key-for-tests-just-as-long'
const vendorKey = 'sk-vendor-0123456789abcdefghijklmnop'

let upstream: FakeUpstream
let postgres: TestPostgres
let database: TestDatabase
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ;[upstream, postgres] = await Promise.all([
    createFakeUpstream(answerChat()),
    createTestPostgres(),
  ])
})
afterAll(() => Promise.all([upstream.close(), postgres.remove()]))
beforeEach(async () => {
  database = await postgres.createDatabase()
})
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function start(env: Record<string, string> = {}, general: object = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    config: {
      model_list: [deployment('m', upstream.url)],
      general_settings: { store_model_in_db: true, ...general },
    },
    env: { DATABASE_URL: database.url, SALT_KEY: salt, SHUTDOWN_DELAY_S: '0', ...env },
  })
  closing.push(() => gateway.close())
  await until(async () => (await readiness(gateway))['db'] === 'connected')
  return gateway
}

async function readiness(gateway: TestGateway): Promise<Record<string, unknown>> {
  return JSON.parse(await (await gateway.get('/health/readiness')).text())
}

async function post(gateway: TestGateway, at: string, body: unknown) {
  const answer = await gateway.post(at, body)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

async function get(gateway: TestGateway, at: string) {
  const answer = await gateway.get(at)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

async function patch(gateway: TestGateway, at: string, body: unknown) {
  const answer = await fetch(gateway.url + at, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

const ask = (gateway: TestGateway, model: string) =>
  gateway.client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] })

const newModel = (name: string, params: object = {}) => ({
  model_name: name,
  litellm_params: {
    model: 'openai/gpt-x',
    api_base: `${upstream.url}/v1`,
    api_key: vendorKey,
    ...params,
  },
})

test('a model that is added is served at once here, and within a second by the other replica', async () => {
  const [gateway, other] = await Promise.all([start(), start()])
  const made = await post(gateway, '/model/new', newModel('extra'))
  expect(made).toMatchObject({
    status: 200,
    body: { model_name: 'extra', litellm_params: { api_key: '****', model: 'openai/gpt-x' } },
  })
  const answer = await ask(gateway, 'extra')
  expect(answer.model).toBe('extra')
  expect(upstream.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${vendorKey}`)
  await until(async () => (await ask(other, 'extra').catch(() => undefined)) !== undefined)
  const info = await get(gateway, '/model/info')
  expect(info.body.data).toMatchObject([
    { model_name: 'm', model_info: { db_model: false } },
    { model_name: 'extra', model_info: { db_model: true, id: made.body.model_id } },
  ])
  expect(JSON.stringify(info.body)).not.toContain(vendorKey)

  await post(gateway, '/model/update', {
    model_info: { id: made.body.model_id },
    model_name: 'renamed',
  })
  expect((await ask(gateway, 'renamed')).model).toBe('renamed')
  await expect(ask(gateway, 'extra')).rejects.toMatchObject({ status: 404 })
  expect(await post(gateway, '/model/delete', { id: made.body.model_id })).toMatchObject({
    status: 200,
  })
  await expect(ask(gateway, 'renamed')).rejects.toMatchObject({ status: 404 })
  await until(async () => (await ask(other, 'renamed').catch(() => undefined)) === undefined)
})

test('provider keys are sealed in the database, in no row, answer or log', async () => {
  const gateway = await start()
  await post(gateway, '/credentials', {
    credential_name: 'ours',
    credential_values: { api_key: vendorKey, api_base: `${upstream.url}/v1` },
    credential_info: { description: 'all of us' },
  })
  await post(gateway, '/model/new', newModel('direct'))
  const rows = await database.query(
    'select sealed from colonnade.credentials union all select sealed from colonnade.models',
  )
  expect(rows).toHaveLength(2)
  const shown = [
    JSON.stringify(rows),
    JSON.stringify((await get(gateway, '/credentials')).body),
    JSON.stringify((await get(gateway, '/config/status')).body),
    gateway.log.join('\n'),
  ].join('\n')
  expect(shown).not.toContain(vendorKey)
  expect(shown).not.toContain(salt)
})

test('a credential serves every model that names it, and its change is felt', async () => {
  const gateway = await start()
  const values = { api_key: 'sk-first-key-of-the-vendor-00', api_base: `${upstream.url}/v1` }
  await post(gateway, '/credentials', { credential_name: 'ours', credential_values: values })
  const params = { model: 'openai/gpt-x', litellm_credential_name: 'ours' }
  await post(gateway, '/model/new', { model_name: 'by-name', litellm_params: params })
  await ask(gateway, 'by-name')
  expect(upstream.requests.at(-1)?.headers['authorization']).toContain('sk-first')
  const changed = { credential_values: { api_key: 'sk-second-key-of-the-vendor-0' } }
  expect(await patch(gateway, '/credentials/ours', changed)).toMatchObject({ status: 200 })
  await ask(gateway, 'by-name')
  expect(upstream.requests.at(-1)?.headers['authorization']).toContain('sk-second')
  expect((await get(gateway, '/credentials/by_name/ours')).body).toEqual({
    credential_name: 'ours',
    credential_values: { api_key: '****', api_base: `${upstream.url}/v1` },
    credential_info: {},
  })
})

test('what no gateway could serve is refused with what to change, and nothing is stored', async () => {
  const gateway = await start()
  const cases: readonly [object, RegExp][] = [
    [{ litellm_params: { model: 'openai/x' } }, /model_name: expected/],
    [{ model_name: 'x' }, /litellm_params: expected/],
    [
      { model_name: 'x', litellm_params: { model: 'no-such-vendor/x' } },
      /no-such-vendor|provider/i,
    ],
    [newModel('x', { api_base: 'ftp://files' }), /api_base/],
    [newModel('x', { litellm_credential_name: 'nobody' }), /credential_name/],
    [newModel('x', { api_key: 'os.environ/DATABASE_URL' }), /belongs to the gateway itself/],
    [newModel('x', { extra_body: { a: ['${LITELLM_MASTER_KEY}'] } }), /LITELLM_MASTER_KEY/],
  ]
  for (const [body, message] of cases) {
    const answer = await post(gateway, '/model/new', body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(400)
    expect(answer.body.error.message).toMatch(message)
  }
  expect(await database.query('select id from colonnade.models')).toEqual([])
  expect((await post(gateway, '/model/delete', { id: 'none' })).status).toBe(404)
  const [own] = (await get(gateway, '/model/info')).body.data
  const ofFile = await post(gateway, '/model/delete', { id: own.model_info.id })
  expect(ofFile.body.error.message).toMatch(/stands in the module's file/)
})

test('a module that takes no stored models says how to change that', async () => {
  const gateway = await start({}, { store_model_in_db: false })
  const answer = await post(gateway, '/model/new', newModel('x'))
  expect(answer.status).toBe(400)
  expect(answer.body.error.message).toMatch(/store_model_in_db: true/)
})

test('a salt key changed by accident takes nothing down, is named, and nothing is written under it', async () => {
  const first = await start()
  await post(first, '/model/new', newModel('extra'))
  const { body: key } = await post(first, '/key/generate', {})
  await first.close()
  closing.length = 0
  const second = await start({ SALT_KEY: newSalt })
  await until(async () => (await readiness(second))['salt_key'] === 'changed')
  expect((await ask(second, 'm')).model).toBe('m')
  await expect(ask(second, 'extra')).rejects.toMatchObject({ status: 404 })
  const status = async () => JSON.stringify((await get(second, '/config/status')).body)
  await until(async () => /sealed under the salt key [0-9a-f]{16}/.test(await status()))
  const refused = await post(second, '/model/new', newModel('y'))
  expect(refused.status).toBe(503)
  expect(refused.body.error.message).toMatch(/new,former/)
  expect(second.log.join('\n')).toMatch(/salt key is not the one/)

  // As the message says, and without a restart.
  mkdirSync(path.join(second.folder, 'secrets'))
  writeFileSync(path.join(second.folder, 'secrets', 'SALT_KEY'), `${newSalt},${salt}`)
  await until(async () => (await readiness(second))['salt_key'] === 'sound')
  await until(async () => (await ask(second, 'extra').catch(() => undefined)) !== undefined)

  const third = await start({ SALT_KEY: `${newSalt},${salt}` })
  await until(async () => (await ask(third, 'extra').catch(() => undefined)) !== undefined)
  expect((await readiness(third))['salt_key']).toBe('sound')
  const before = (await get(third, '/salt/status')).body
  expect(before.salt_keys).toMatchObject([
    { id: saltIdOf(newSalt), is_current: true, in_use_by: 0 },
    { id: saltIdOf(salt), is_current: false, in_use_by: 2 },
  ])
  const rotated = (await post(third, '/salt/rotate', {})).body
  expect(rotated).toMatchObject({ resealed: 1, salt_keys: [{ in_use_by: 1 }, { in_use_by: 1 }] })
  const spent = await get(third, `/spend/logs?api_key=${key.key}`)
  expect(spent.status).toBe(200)
  const fourth = await start({ SALT_KEY: newSalt })
  await until(async () => (await ask(fourth, 'extra').catch(() => undefined)) !== undefined)
})

test('while Postgres is away stored models go on, and changes are refused', async () => {
  const gateway = await start()
  await post(gateway, '/model/new', newModel('extra'))
  await postgres.stop()
  try {
    expect((await ask(gateway, 'extra')).model).toBe('extra')
    const refused = await post(gateway, '/model/new', newModel('y'))
    expect(refused.status).toBe(503)
    expect(refused.body.error.message).toMatch(/database is away/)
  } finally {
    await postgres.start()
  }
})

test('groups of models tell what they can do and cost', async () => {
  const gateway = await start()
  await post(gateway, '/model/new', {
    ...newModel('priced', { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, rpm: 10 }),
    model_info: { mode: 'chat', max_input_tokens: 1000, supports_vision: true, team: 'red' },
  })
  const { body } = await get(gateway, '/model_group/info?model_group=priced')
  expect(body.data).toMatchObject([
    {
      model_group: 'priced',
      providers: ['openai'],
      mode: 'chat',
      max_input_tokens: 1000,
      input_cost_per_token: 1e-6,
      output_cost_per_token: 2e-6,
      rpm: 10,
      supports_vision: true,
      supports_reasoning: false,
    },
  ])
  const info = await get(gateway, '/v1/model/info')
  expect(info.body.data[1].model_info).toMatchObject({ team: 'red', input_cost_per_token: 1e-6 })
})
