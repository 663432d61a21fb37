import { afterAll, beforeAll, expect, test } from 'vitest'

import { startManaged, type ManagedGateway, type Told } from './managed-gateway.ts'

let managed: ManagedGateway
const ask: ManagedGateway['ask'] = (...words) => managed.ask(...words)

beforeAll(async () => {
  managed = await startManaged()
})
afterAll(() => managed?.close())

const key = 'sk-shape-of-a-key-0123456789'
const page = new URL('../../fixtures/management-shapes.json', import.meta.url).pathname

test('every answer has the shape that stands in the golden file', async () => {
  const shapes: Record<string, unknown> = {}
  const note = async (path: string, body?: unknown, name = path): Promise<Told> => {
    const told = await ask(path, body)
    expect([path, told.status, told.message]).toEqual([path, 200, ''])
    shapes[`${body === undefined ? 'GET' : 'POST'} ${name.split('?')[0]}`] = steady(told.body)
    return told
  }
  await note('/budget/new', { budget_id: 'b', max_budget: 2, rpm_limit: 5 })
  await note('/team/new', {
    team_id: 't',
    team_alias: 'Team',
    max_budget: 10,
    budget_duration: '30d',
    models: ['gpt-4o'],
    model_aliases: { fast: 'gpt-4o' },
    members_with_roles: [{ role: 'admin', user_id: 'boss' }],
  })
  await note('/team/member_add', {
    team_id: 't',
    member: [{ role: 'user', user_email: 'ann@example.com', user_id: 'ann' }],
    max_budget_in_team: 3,
  })
  await note('/team/member_update', { team_id: 't', user_id: 'ann', max_budget_in_team: 4 })
  await note('/key/generate', {
    key,
    key_alias: 'k',
    team_id: 't',
    budget_id: 'b',
    max_budget: 1,
    models: ['gpt-4o'],
    metadata: { purpose: 'test', tags: ['a'] },
    model_rpm_limit: { 'gpt-4o': 3 },
    model_max_budget: { 'gpt-4o': 0.5 },
    guardrails: ['x'],
  })
  await note('/key/info?key=k'.replace('=k', `=${key}`))
  await note('/v2/key/info', { keys: [key] })
  await note('/key/update', { key, max_budget: null, tpm_limit: 100, tags: null })
  await note('/key/list?return_full_object=true')
  await note('/key/aliases')
  await note('/key/block', { key })
  await note('/key/unblock', { key })
  await note(`/key/${key}/reset_spend`, { reset_to: 0 }, '/key/{key}/reset_spend')
  await note('/key/bulk_update', {
    keys: [
      { key, rpm_limit: 1 },
      { key: 'sk-none-0123456789', rpm_limit: 1 },
    ],
  })
  await note('/key/health', {})
  await note('/team/info?team_id=t')
  await note('/team/list')
  await note('/v2/team/list')
  await note('/team/update', { team_id: 't', rpm_limit: 9, max_budget: null })
  await note('/team/model/add', { team_id: 't', models: ['qwen'] })
  await note('/team/model/delete', { team_id: 't', models: ['qwen'] })
  await note('/team/block', { team_id: 't' })
  await note('/team/unblock', { team_id: 't' })
  await note('/user/new', { user_id: 'eve', user_email: 'eve@example.com', teams: ['t'] })
  await note('/user/info?user_id=eve')
  await note('/user/list?user_ids=eve')
  await note('/user/update', { user_id: 'eve', max_budget: 7, user_role: 'proxy_admin_viewer' })
  await note('/budget/info', { budgets: ['b'] })
  await note('/budget/update', { budget_id: 'b', budget_duration: '7d' })
  await note('/budget/list')
  await note('/budget/settings?budget_id=b')
  await note('/customer/new', { user_id: 'c', budget_id: 'b', alias: 'Customer' })
  await note('/customer/update', { user_id: 'c', blocked: true })
  await note('/customer/info?end_user_id=c')
  await note('/end_user/list')
  await note('/customer/block', { user_ids: ['c', 'd'] })
  await note('/customer/unblock', { user_ids: ['c', 'd'] })
  await note('/customer/delete', { user_ids: ['c', 'd'] })
  await note('/key/regenerate', { key })
  await note('/team/member_delete', { team_id: 't', user_id: 'ann' })
  await note('/key/service-account/generate', { team_id: 't', key_alias: 'robot' })
  await note('/key/delete', { key_aliases: ['robot'] })
  await note('/team/delete', { team_ids: ['t'] })
  await note('/user/delete', { user_ids: ['eve', 'ann', 'boss'] })
  await note('/budget/delete', { id: 'b' })
  await expect(`${JSON.stringify(shapes, null, 2)}\n`).toMatchFileSnapshot(page)
})

/** What differs from run to run stands as a word. */
function steady(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/"sk-(?!\.\.\.)[\w-]{43}"/g, '"(new key)"')
    .replaceAll(/sk-\.\.\.[\w-]{4}/g, 'sk-...(last 4)')
    .replaceAll(/"[0-9a-f]{64}"/g, '"(token)"')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"(time)"')
  const read: unknown = JSON.parse(text)
  return read
}
