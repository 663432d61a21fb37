import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startGateway, until } from '../../doubles/gateway.ts'
import { saltKey, startManaged, twoModels, type ManagedGateway } from './managed-gateway.ts'

let managed: ManagedGateway
const ask: ManagedGateway['ask'] = (...words) => managed.ask(...words)

beforeAll(async () => {
  managed = await startManaged()
})
afterAll(() => managed?.close())

const long = 'x'.repeat(1_000_000)
const injection = `'); drop table colonnade.keys; --`
const bidi = 'admin\u202etxt'

// What is sent, and the field that is named with the refusal.
const refusals: readonly [what: string, path: string, body: unknown, param: string][] = [
  ['a name of a megabyte', '/key/generate', { key_alias: long.slice(0, 1_000_000) }, 'key_alias'],
  ['a name with a line break', '/key/generate', { key_alias: 'a\nb' }, 'key_alias'],
  ['a name that turns the writing', '/key/generate', { key_alias: bidi }, 'key_alias'],
  ['a team written in wide letters', '/key/generate', { team_id: 'ｒesearch' }, 'team_id'],
  ['a team with a hidden blank', '/team/new', { team_id: 'research\u200b' }, 'team_id'],
  ['a NUL', '/team/new', { team_id: 'a\0b' }, 'team_id'],
  ['half a character', '/key/generate', { metadata: { a: '\ud800' } }, 'metadata'],
  ['a NUL in metadata', '/key/generate', { metadata: { 'a\0': 1 } }, 'metadata'],
  ['much metadata', '/key/generate', { metadata: { a: 'x'.repeat(17_000) } }, 'metadata'],
  ['deep metadata', '/key/generate', { metadata: nested(100) }, 'metadata'],
  ['a budget below nothing', '/key/generate', { max_budget: -1 }, 'max_budget'],
  ['a budget that is no number', '/key/generate', { max_budget: 'NaN' }, 'max_budget'],
  ['an endless budget', '/team/new', { max_budget: 'Infinity' }, 'max_budget'],
  ['a huge budget', '/key/generate', { max_budget: 1e300 }, 'max_budget'],
  ['a budget of many digits', '/user/new', { max_budget: '9'.repeat(400) }, 'max_budget'],
  ['half a request', '/key/generate', { rpm_limit: 1.5 }, 'rpm_limit'],
  ['a limit in words', '/team/new', { tpm_limit: 'many' }, 'tpm_limit'],
  ['a limit as a list', '/key/generate', { max_parallel_requests: [1] }, 'max_parallel_requests'],
  ['a duration in words', '/key/generate', { duration: 'soon' }, 'duration'],
  ['a duration of none', '/key/generate', { budget_duration: '0d' }, 'budget_duration'],
  ['models as text', '/key/generate', { models: 'gpt-4o' }, 'models'],
  ['too many models', '/key/generate', { models: Array(1001).fill('m') }, 'models'],
  ['a module with a path', '/key/generate', { modules: ['../llm'] }, 'modules[0]'],
  ['an unknown time zone', '/key/generate', { timezone: 'Mars/Base' }, 'timezone'],
  [
    'a budget of a model below nothing',
    '/key/generate',
    { model_max_budget: { m: { max_budget: -5 } } },
    'model_max_budget.m.max_budget',
  ],
  ['a short key', '/key/generate', { key: 'sk-short' }, 'key'],
  ['a key without sk-', '/key/generate', { key: 'abcdefghijklmnopqrst' }, 'key'],
  ['a key that is easy to guess', '/key/generate', { key: 'sk-aaaaaaaaaaaaaaaaaaaaa' }, 'key'],
  ['a key with a line break', '/key/generate', { key: 'sk-abcdefghijklmno\r\nx: y' }, 'key'],
  ['an address that is none', '/user/new', { user_email: 'a@b@c d' }, 'user_email'],
  ['a role that is none', '/user/new', { user_role: 'root' }, 'user_role'],
  ['no team', '/team/update', {}, 'team_id'],
  ['no member', '/team/member_add', { team_id: 'x'.repeat(300), member: [] }, 'team_id'],
  [
    'a member of nobody',
    '/team/member_add',
    { team_id: 't', member: { role: 'king' } },
    'member.role',
  ],
  ['no keys', '/key/delete', {}, 'keys'],
  [
    'a budget beside a budget',
    '/customer/new',
    { user_id: 'c', max_budget: 1, budget_id: 'b' },
    'budget_id',
  ],
]

test.each(refusals)('%s is refused by name', async (_, path, body, param) => {
  const told = await ask(path, body)
  expect([told.status, told.code, told.param]).toEqual([400, 'invalid_request', param])
  expect(told.message.length).toBeLessThan(1000)
})

test('a body beyond a megabyte, a list, text and broken JSON are refused', async () => {
  expect(await ask('/key/generate', { key_alias: long + long })).toMatchObject({ status: 413 })
  expect(await ask('/key/generate', [])).toMatchObject({ status: 400 })
  expect(await ask('/key/generate', '"text"')).toMatchObject({ status: 400 })
  expect(await ask('/key/generate', '{"a":')).toMatchObject({ status: 400 })
  expect(await ask('/key/generate', '{"max_budget": NaN}')).toMatchObject({ status: 400 })
})

test('all that is wrong is told at once, and no key that was meant', async () => {
  const secret = 'not-sk-but-secret-anyway-1234567890'
  const told = await ask('/key/generate', { key: secret, max_budget: -1, rpm_limit: 'x' })
  expect(told.message).toMatch(/key: .*max_budget: .*rpm_limit: /)
  expect(told.message).not.toContain(secret)
  expect(managed.gateway.log.join('')).not.toContain(secret)
})

describe('SQL in a field', () => {
  test.each([
    ['/key/generate', { key_alias: injection, metadata: { a: injection }, tags: [injection] }],
    ['/team/new', { team_id: injection, team_alias: injection, models: [injection] }],
    ['/user/new', { user_id: injection, user_alias: injection }],
    ['/budget/new', { budget_id: injection }],
    ['/customer/new', { user_id: injection, alias: injection }],
  ])('%s keeps it as text', async (path, body) => {
    expect(await ask(path, body)).toMatchObject({ status: 200 })
  })

  test('nor does it do anything in a question', async () => {
    const written = encodeURIComponent(injection)
    const questions = ['key_alias', 'user_id', 'team_id', 'search', 'organization_id']
    for (const name of questions) {
      expect([name, (await ask(`/key/list?${name}=${written}`)).status]).toEqual([name, 200])
    }
    const team = await ask(`/team/info?team_id=${written}`)
    expect(team.body).toMatchObject({ team_id: injection })
    const order = await ask(`/key/list?sort_by=${written}`)
    expect(order).toMatchObject({ status: 400, param: 'sort_by' })
    const [row] = await managed.database.query('select count(*)::int as keys from colonnade.keys')
    expect(Number(row?.['keys'])).toBeGreaterThan(0)
    const percent = await ask('/key/list?key_alias=%25')
    expect(percent.body).toMatchObject({ total_count: 0 })
  })
})

test('tricks in the path find no key', async () => {
  for (const trick of ['..%2F..%2Fteam', '%00', 'sk-%0d%0aabcdefghijklmnop', `%F0%9F%94%91`]) {
    const told = await ask(`/key/${trick}/regenerate`, {})
    expect([trick, told.status < 500, told.status >= 400]).toEqual([trick, true, true])
  }
  expect((await ask(`/key/${'a'.repeat(600)}/regenerate`, {})).status).toBeLessThan(500)
  const unknown = await ask(`/key/info?key=sk-nobody-knows-this-one`)
  expect(unknown).toMatchObject({ status: 404, code: 'not_found', param: 'key' })
  expect(unknown.message).not.toContain('nobody-knows')
})

test('a name is given once, whoever is first', async () => {
  const body = { key_alias: 'only one', key: 'sk-the-only-one-of-its-kind' }
  expect(await ask('/key/generate', body)).toMatchObject({ status: 200 })
  expect(await ask('/key/generate', { key_alias: 'only one' })).toMatchObject({
    status: 400,
    param: 'key_alias',
  })
  expect(await ask('/key/generate', { key: body.key })).toMatchObject({ status: 400, param: 'key' })
  await ask('/user/new', { user_id: 'first', user_email: 'Same@example.com' })
  const twice = await ask('/user/new', { user_id: 'second', user_email: 'same@EXAMPLE.com' })
  expect(twice).toMatchObject({ status: 400, param: 'user_email' })
  expect(await ask('/user/info?user_id=second')).toMatchObject({ status: 404 })
  expect(await ask('/team/new', { team_id: 'twice' })).toMatchObject({ status: 200 })
  expect(await ask('/team/new', { team_id: 'twice' })).toMatchObject({ status: 400 })
})

test('what fails halfway changes nothing', async () => {
  const told = await ask('/key/generate', { team_id: 'half-made', budget_id: 'not-there' })
  expect(told).toMatchObject({ status: 404, param: 'budget_id' })
  expect(await ask('/team/info?team_id=half-made')).toMatchObject({ status: 404 })
  const deleted = await ask('/key/delete', {
    keys: ['sk-the-only-one-of-its-kind', 'sk-none-such-000000'],
  })
  expect(deleted).toMatchObject({ status: 404, param: 'keys' })
  expect(await ask('/key/info?key=sk-the-only-one-of-its-kind')).toMatchObject({ status: 200 })
})

test('of several changes those that fail are told, and the others hold', async () => {
  for (const name of ['one', 'two']) await ask('/key/generate', { key_alias: name })
  const { body: listed } = await ask('/key/list?key_alias=two&return_full_object=true')
  const token: unknown = Reflect.get(Object(Reflect.get(Object(listed['keys']), 0)), 'token')
  const { body } = await ask('/key/bulk_update', {
    keys: [{ key: token, key_alias: 'one' }, { key: token, rpm_limit: 7 }, 'nonsense'],
  })
  expect(body).toMatchObject({
    total_requested: 3,
    successful_updates: [{ key_info: { rpm_limit: 7, key_alias: 'two' } }],
    failed_updates: [{ failed_reason: expect.stringContaining('key_alias') }, {}],
  })
  const after = await ask(`/key/info?key=${String(token)}`)
  expect(after.body['info']).toMatchObject({ rpm_limit: 7, key_alias: 'two' })
})

test('a key that was made under a former salt key is found by itself', async () => {
  const raw = String((await ask('/key/generate', {})).body['key'])
  const salts = `a newer salt key for tests alone,${saltKey}`
  const later = await startGateway({
    config: twoModels,
    env: { DATABASE_URL: managed.database.url, SALT_KEY: salts },
  })
  try {
    await until(async () => (await later.get(`/key/info?key=${raw}`)).status === 200)
    expect((await later.post('/key/block', { key: raw })).status).toBe(200)
    expect((await later.post('/key/delete', { keys: [raw] })).status).toBe(200)
  } finally {
    await later.close()
  }
})

test('without a salt key it is said that there are no keys, and why', async () => {
  const bare = await startGateway({
    config: twoModels,
    env: { DATABASE_URL: managed.database.url },
  })
  try {
    await until(async () => (await bare.get('/key/list')).status === 200)
    const answer = await bare.post('/key/generate', {})
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { error: { code: 'not_ready', message: expect.stringContaining('Set SALT_KEY') } },
    ])
  } finally {
    await bare.close()
  }
})

test('members of a team get what it gives to each, and it goes with the team', async () => {
  await ask('/team/new', { team_id: 'each', team_member_budget: 3, members: ['m1'] })
  const info = await ask('/team/info?team_id=each')
  expect(info.body['team_memberships']).toMatchObject([
    { user_id: 'm1', litellm_budget_table: { max_budget: 3 } },
  ])
  await ask('/team/update', { team_id: 'each', team_member_budget: 4 })
  const after = await ask('/team/info?team_id=each')
  expect(after.body['team_memberships']).toMatchObject([
    { litellm_budget_table: { max_budget: 4 } },
  ])
  await ask('/team/delete', { team_ids: ['each'] })
  const { body } = await ask('/budget/info', { budgets: ['team-member-budget:each'] })
  expect(body).toEqual([])
})

test('a key of a team may not have what the team has not', async () => {
  const team = { team_id: 'bounded', models: ['gpt-4o'], rpm_limit: 10, max_budget: 5 }
  await ask('/team/new', team)
  const other = await ask('/key/generate', { team_id: 'bounded', models: ['qwen'] })
  expect(other).toMatchObject({ status: 400, param: 'models' })
  const group = await ask('/key/generate', { team_id: 'bounded', models: ['beta-models'] })
  expect(group.body['warnings']).toEqual([expect.stringContaining('unless one of these names')])
  const rich = await ask('/key/generate', { team_id: 'bounded', max_budget: 50 })
  expect(rich.body['warnings']).toEqual([expect.stringContaining('above the $5 of its team')])
  const rate = { team_id: 'bounded', rpm_limit_type: 'guaranteed_throughput', rpm_limit: 6 }
  expect(await ask('/key/generate', rate)).toMatchObject({ status: 200 })
  const sold = await ask('/key/generate', rate)
  expect(sold).toMatchObject({ status: 400, param: 'rpm_limit' })
  expect(sold.message).toContain('Allocated RPM limit=6 + Key RPM limit=6')
})

test('of a key only a digest is kept, and nothing of it is logged', async () => {
  const { body } = await ask('/key/generate', { key: 'sk-kept-nowhere-0123456789ab' })
  await ask('/key/info?key=sk-kept-nowhere-0123456789ab')
  const tables = ['keys', 'deleted_keys', 'notices', 'teams', 'users']
  for (const table of tables) {
    const rows = await managed.database.query(`select t::text as row from colonnade.${table} t`)
    expect(JSON.stringify(rows)).not.toContain('kept-nowhere')
  }
  expect(managed.gateway.log.join('')).not.toContain('kept-nowhere')
  expect(body['token']).toMatch(/^[0-9a-f]{64}$/)
})

test('fields that LiteLLM has and we do not act on are kept and given back', async () => {
  const more = { guardrails: ['a'], auto_rotate: true, object_permission: { mcp_servers: ['x'] } }
  const { body } = await ask('/key/generate', { ...more, not_a_field_at_all: 1 })
  expect(body).toMatchObject(more)
  expect(body['warnings']).toEqual(['unknown field not_a_field_at_all: it is kept nowhere'])
  expect(body).not.toHaveProperty('not_a_field_at_all')
})

test('without a database it is said what to set', async () => {
  const bare = await startGateway({ config: twoModels })
  try {
    const body = await (await bare.post('/key/generate', {})).json()
    expect(body).toMatchObject({
      error: { code: 'storage_unavailable', message: expect.stringContaining('DATABASE_URL') },
    })
  } finally {
    await bare.close()
  }
})

test('while the database is away it is said, and tried again later', async () => {
  await managed.postgres.stop()
  const told = await ask('/team/new', { team_id: 'outage' })
  expect(told).toMatchObject({ status: 503, code: 'storage_unavailable' })
  expect(told.message).toContain('away')
})

function nested(depth: number): unknown {
  return depth === 0 ? {} : { a: nested(depth - 1) }
}
