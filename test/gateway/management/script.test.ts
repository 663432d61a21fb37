import { afterAll, beforeAll, expect, test } from 'vitest'

import { createFakeUpstream, type FakeUpstream } from '../../doubles/fake-upstream.ts'
import { deployment, until } from '../../doubles/gateway.ts'
import { startManaged, type ManagedGateway } from './managed-gateway.ts'

let upstream: FakeUpstream
let managed: ManagedGateway
const ask: ManagedGateway['ask'] = (...words) => managed.ask(...words)

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const price = { input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
  managed = await startManaged({
    module: 'llm',
    model_list: [deployment('gpt-4o', upstream.url, price), deployment('qwen', upstream.url)],
  })
})
afterAll(async () => {
  await managed?.close()
  await upstream?.close()
})

const chat = (key: string, model = 'gpt-4o') =>
  managed.gateway.post(
    '/v1/chat/completions',
    { model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] },
    { authorization: `Bearer ${key}` },
  )

test('a script written for LiteLLM makes a team and a key in it, looks at its spend, and deletes them', async () => {
  const team = await ask('/team/new', {
    team_alias: 'Research',
    max_budget: 10,
    budget_duration: '30d',
    models: ['gpt-4o'],
  })
  expect(team.status).toBe(200)
  const teamId = String(team.body['team_id'])
  const made = await ask('/key/generate', { team_id: teamId, key_alias: 'script', duration: '30d' })
  expect(made.body).toMatchObject({ team_id: teamId, spend: 0, key_alias: 'script', models: [] })
  const key = String(made.body['key'])
  expect(key).toMatch(/^sk-[\w-]{43}$/)

  expect((await chat(key)).status).toBe(200)
  const refused = await chat(key, 'qwen')
  expect([refused.status, await refused.text()]).toEqual([
    403,
    expect.stringContaining('model_not_allowed'),
  ])

  const spendOf = async (): Promise<number> => {
    const info = await ask(`/key/info?key=${key}`)
    return Number(Reflect.get(Object(info.body['info']), 'spend'))
  }
  await until(async () => (await spendOf()) > 0)
  const ofTeam = async (): Promise<unknown> => {
    const { body } = await ask(`/team/info?team_id=${teamId}`)
    return Reflect.get(Object(body['team_info']), 'spend')
  }
  await until(async () => (await ofTeam()) === (await spendOf()))

  expect((await ask('/key/delete', { keys: [key] })).body).toEqual({ deleted_keys: [key] })
  await until(async () => (await chat(key)).status === 401)
  const gone = await ask('/team/delete', { team_ids: [teamId] })
  expect(gone.body).toEqual({ deleted_teams: [teamId], deleted_keys: [] })
  expect(await ask(`/team/info?team_id=${teamId}`)).toMatchObject({ status: 404 })
})

test('a team that is not there is made with a key for it, and that is said', async () => {
  await ask('/team/new', { team_id: 'analytics' })
  const { status, body } = await ask('/key/generate', { team_id: 'analitics', user_id: 'eve' })
  expect(status).toBe(200)
  expect(body['warnings']).toEqual([
    'the team analitics did not exist (did you mean analytics?): it was made, without limits; POST /team/update sets them',
    'the user eve did not exist: it was made, without limits; POST /user/update sets them',
  ])
  const info = await ask('/team/info?team_id=analitics')
  expect(info.body['keys']).toHaveLength(1)
})

test('with a team go its keys, with a user the keys of it', async () => {
  const { body } = await ask('/key/generate', { team_id: 'short', user_id: 'lived' })
  const key = String(body['key'])
  const other = await ask('/key/generate', { user_id: 'lived' })
  expect((await chat(key)).status).toBe(200)
  expect((await ask('/team/delete', { team_ids: ['short'] })).body['deleted_keys']).toHaveLength(1)
  expect((await ask('/user/delete', { user_ids: ['lived'] })).body).toEqual({
    deleted_users: 1,
    deleted_keys: [other.body['token']],
  })
  await until(async () => (await chat(key)).status === 401)
  const listed = await ask('/key/list?status=deleted&return_full_object=true')
  expect(listed.body['keys']).toContainEqual(
    expect.objectContaining({ team_id: 'short', deleted_by: 'litellm_proxy_master_key' }),
  )
})

test('a key that is blocked does nothing until it is unblocked', async () => {
  const key = String((await ask('/key/generate', {})).body['key'])
  expect((await ask('/key/block', { key })).body).toMatchObject({ blocked: true })
  await until(async () => (await chat(key)).status === 401)
  expect((await ask('/key/unblock', { key })).body).toMatchObject({ blocked: false })
  await until(async () => (await chat(key)).status === 200)
})

test('a replaced key hands on its name, its limits and what is used of them', async () => {
  const made = await ask('/key/generate', {
    key_alias: 'worn',
    max_budget: 5,
    budget_duration: '1d',
  })
  const old = String(made.body['key'])
  expect((await chat(old)).status).toBe(200)
  const spendOf = async (key: string) => {
    const { body } = await ask(`/key/info?key=${key}`)
    return Number(Reflect.get(Object(body['info']), 'spend'))
  }
  await until(async () => (await spendOf(old)) > 0)
  const spent = await spendOf(old)

  const { body } = await ask(`/key/${old}/regenerate`, { grace_period: '1h', rpm_limit: 100 })
  const key = String(body['key'])
  expect(body).toMatchObject({ key_alias: 'worn', max_budget: 5, rpm_limit: 100, spend: spent })
  expect(key).not.toBe(old)
  expect((await chat(old)).status).toBe(200)
  expect((await chat(key)).status).toBe(200)
  await until(async () => Math.abs((await spendOf(key)) - 3 * spent) < 1e-9)
  expect(await spendOf(old)).toBeCloseTo(3 * spent)

  const again = await ask('/key/regenerate', {
    key: body['token'],
    new_key: 'sk-of-my-own-choice-42',
  })
  expect(again.body).toMatchObject({ key: 'sk-of-my-own-choice-42', key_name: 'sk-...e-42' })
  await until(async () => (await chat(key)).status === 401)
  await until(async () => Math.abs((await spendOf('sk-of-my-own-choice-42')) - 3 * spent) < 1e-9)
})

test('spend that is reset counts anew, also for a key that was used up', async () => {
  const made = await ask('/key/generate', { max_budget: 0.02, budget_duration: '30d' })
  const key = String(made.body['key'])
  const spend = async () => {
    const { body } = await ask(`/key/info?key=${key}`)
    return Number(Reflect.get(Object(body['info']), 'spend'))
  }
  await until(async () => (await chat(key)).status === 429)
  await until(async () => (await spend()) > 0)
  const tooMuch = await ask(`/key/${key}/reset_spend`, { reset_to: 1 })
  expect(tooMuch).toMatchObject({ status: 400, param: 'reset_to' })
  const { body } = await ask(`/key/${key}/reset_spend`, { reset_to: 0 })
  expect(body).toMatchObject({ spend: 0, max_budget: 0.02, key_hash: made.body['token'] })
  expect(Number(body['previous_spend'])).toBeGreaterThan(0)
  expect(await spend()).toBe(0)
  await until(async () => (await chat(key)).status === 200)
  const info = await ask(`/key/info?key=${key}`)
  expect(info.body['info']).toMatchObject({ total_spend: expect.any(Number) })
})
