import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { managementPaths } from '../../../gateway/management/paths.ts'
import { startManaged, type ManagedGateway } from './managed-gateway.ts'

let managed: ManagedGateway
const ask: ManagedGateway['ask'] = (...words) => managed.ask(...words)
const keys: Record<string, string> = {}

beforeAll(async () => {
  managed = await startManaged()
  await ask('/team/new', { team_id: 'red', max_budget: 10 })
  await ask('/team/new', { team_id: 'blue' })
  const user = async (id: string, body: object, team?: string, role = 'user') => {
    const made = await ask('/user/new', { user_id: id, auto_create_key: false, ...body })
    expect([id, made.status, made.message]).toEqual([id, 200, ''])
    if (team) await ask('/team/member_add', { team_id: team, member: { user_id: id, role } })
    keys[id] = String((await ask('/key/generate', { user_id: id, team_id: team })).body['key'])
  }
  await user('admin', { user_role: 'proxy_admin' })
  await user('viewer', { user_role: 'proxy_admin_viewer' })
  await user('lead', {}, 'red', 'admin')
  await user('worker', {}, 'red')
  await user('stranger', {}, 'blue')
  await user('other-lead', {}, 'blue', 'admin')
  await ask('/team/member_add', { team_id: 'red', member: { user_id: 'other-lead', role: 'user' } })
  await ask('/team/member_add', { team_id: 'red', member: { user_id: 'admin', role: 'user' } })
})
afterAll(() => managed?.close())

const refused = { status: 403, code: 'route_not_allowed' }

test('a key without rights is refused everywhere but about itself', async () => {
  const open = ['GET /key/info', 'POST /v2/key/info', 'POST /key/health', 'GET /user/info']
  for (const path of managementPaths.filter((one) => !open.includes(one))) {
    const [method, url = ''] = path.split(' ')
    const told = await ask(
      url.replace(':key', 'x'),
      method === 'GET' ? undefined : {},
      keys['worker'],
    )
    expect([path, told.status, told.code]).toEqual([path, 403, 'route_not_allowed'])
  }
  const own = await ask('/key/info', undefined, keys['worker'])
  expect(own.body['info']).toMatchObject({ user_id: 'worker', team_id: 'red' })
  expect(JSON.stringify(own.body)).not.toContain(keys['worker'])
  const user = await ask('/user/info', undefined, keys['worker'])
  expect(user.body).toMatchObject({ user_id: 'worker' })
  expect(await ask('/v2/key/info', {}, keys['worker'])).toMatchObject({ status: 200 })
  expect(await ask(`/key/info?key=${keys['lead']}`, undefined, keys['worker'])).toMatchObject(
    refused,
  )
  expect(await ask('/user/info?user_id=lead', undefined, keys['worker'])).toMatchObject(refused)
  expect(await ask('/v2/key/info', { keys: [keys['lead']] }, keys['worker'])).toMatchObject({
    status: 404,
  })
})

test('a viewer reads everything and changes nothing', async () => {
  for (const path of ['/key/list', '/team/info?team_id=red', '/user/list', '/budget/list']) {
    expect([path, (await ask(path, undefined, keys['viewer'])).status]).toEqual([path, 200])
  }
  for (const path of ['/key/generate', '/team/new', '/user/new', '/budget/new', '/key/block']) {
    expect(await ask(path, {}, keys['viewer'])).toMatchObject(refused)
  }
})

test('an admin’s key does what the master key does', async () => {
  const made = await ask('/key/generate', { key_alias: 'by admin' }, keys['admin'])
  expect(made.body).toMatchObject({ created_by: 'admin' })
  expect(await ask('/user/new', { user_id: 'by-admin' }, keys['admin'])).toMatchObject({
    status: 200,
  })
})

test('a virtual key with allowed_routes of models alone manages nothing, whoever’s it is', async () => {
  const { body } = await ask('/key/generate', { user_id: 'admin', key_type: 'llm_api' })
  expect(await ask('/key/list', undefined, String(body['key']))).toMatchObject(refused)
})

describe('the admin of a team', () => {
  const lead = (path: string, body?: unknown) => ask(path, body, keys['lead'])

  test('makes, changes, reads and deletes keys of it', async () => {
    const made = await lead('/key/generate', { team_id: 'red', user_id: 'worker', rpm_limit: 5 })
    expect([made.status, made.message]).toEqual([200, ''])
    const { key, token } = made.body
    expect(await lead('/key/update', { key: token, rpm_limit: 6 })).toMatchObject({ status: 200 })
    expect(await lead(`/key/info?key=${String(token)}`)).toMatchObject({ status: 200 })
    expect(await lead('/key/block', { key })).toMatchObject({ status: 200 })
    expect(await lead('/key/regenerate', { key: token })).toMatchObject({ status: 200 })
    const listed = await lead('/key/list?return_full_object=true&size=100')
    const teams = new Set(
      Object(listed.body['keys']).map((one: object) => Reflect.get(one, 'team_id')),
    )
    expect([...teams]).toEqual(['red'])
    const own = await ask('/key/list?user_id=lead')
    const all = await ask('/key/list?user_id=lead&include_team_keys=true')
    expect(Number(all.body['total_count'])).toBeGreaterThan(Number(own.body['total_count']))
  })

  test('sees and touches no other team', async () => {
    const { body } = await ask('/key/generate', { team_id: 'blue' })
    const { token } = body
    const attempts: [string, unknown?][] = [
      [`/key/info?key=${String(token)}`],
      ['/key/update', { key: token, rpm_limit: 1 }],
      ['/key/delete', { keys: [token] }],
      ['/key/block', { key: token }],
      ['/key/regenerate', { key: token }],
      [`/key/${String(token)}/reset_spend`, { reset_to: 0 }],
      ['/key/generate', { team_id: 'blue' }],
      ['/key/generate', {}],
      ['/key/generate', { team_id: 'yellow' }],
      ['/team/info?team_id=blue'],
      ['/team/info?team_id=not-there'],
      ['/team/update', { team_id: 'blue', team_alias: 'mine' }],
      ['/team/member_add', { team_id: 'blue', member: { user_id: 'lead', role: 'admin' } }],
      ['/team/delete', { team_ids: ['red'] }],
      ['/user/list'],
    ]
    for (const [path, wish] of attempts) {
      expect([path, await lead(path, wish)]).toMatchObject([path, refused])
    }
    const teams = await lead('/v2/team/list')
    expect(teams.body).toMatchObject({ total: 1, teams: [{ team_id: 'red' }] })
    expect((await ask('/team/info?team_id=yellow')).status).toBe(404)
  })

  test('moves no key out of it, and raises no limit of it', async () => {
    const { body } = await lead('/key/generate', { team_id: 'red' })
    expect(await lead('/key/update', { key: body['token'], team_id: 'blue' })).toMatchObject(
      refused,
    )
    expect(await lead('/key/update', { key: body['token'], team_id: null })).toMatchObject(refused)
    for (const more of [
      { max_budget: 1000 },
      { models: [] },
      { blocked: false },
      { rpm_limit: 9 },
    ]) {
      const told = await lead('/team/update', { team_id: 'red', ...more })
      expect([more, told]).toMatchObject([more, refused])
    }
    const hidden = { team_id: 'red', metadata: { model_rpm_limit: { 'gpt-4o': 9999 } } }
    expect(await lead('/team/update', hidden)).toMatchObject(refused)
    expect(await lead('/team/update', { team_id: 'red', team_alias: 'Red' })).toMatchObject({
      status: 200,
    })
    expect(await lead('/key/generate', { team_id: 'red', budget_id: 'b' })).toMatchObject(refused)
  })

  test('gets hold of no key that opens more than the team', async () => {
    for (const user_id of ['admin', 'other-lead', 'stranger', 'nobody-yet']) {
      const told = await lead('/key/generate', { team_id: 'red', user_id })
      expect([user_id, told]).toMatchObject([user_id, refused])
    }
    const { body } = await ask('/key/generate', { team_id: 'red', user_id: 'admin' })
    expect(await lead('/key/regenerate', { key: body['token'] })).toMatchObject(refused)
    const own = await lead('/key/generate', { team_id: 'red' })
    const stolen = { key: own.body['token'], user_id: 'admin' }
    expect(await lead('/key/update', stolen)).toMatchObject(refused)
    const several = await lead('/key/bulk_update', { keys: [stolen] })
    expect(several.body).toMatchObject({ successful_updates: [], failed_updates: [{}] })
  })

  test('puts members in and out', async () => {
    const member = { user_email: 'new@example.com', role: 'user' }
    const added = await lead('/team/member_add', { team_id: 'red', member, max_budget_in_team: 1 })
    expect(added.status).toBe(200)
    const gone = await lead('/team/member_delete', {
      team_id: 'red',
      user_email: 'NEW@example.com',
    })
    expect([gone.status, gone.message]).toEqual([200, ''])
    expect(JSON.stringify(gone.body)).not.toContain('new@example.com')
  })
})
