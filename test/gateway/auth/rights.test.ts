import { describe, expect, test } from 'vitest'

import { readAccess } from '../../../gateway/auth/read-access.ts'
import {
  isRouteAllowed,
  requireOverview,
  requireUse,
  roleOf,
} from '../../../gateway/auth/rights.ts'
import { accessRow, owner } from './access-rows.ts'

const callerWith = (settings: unknown, role = 'internal_user') => {
  const row = accessRow({ settings, user: { ...owner('u'), role } })
  return { id: row.id, isMaster: false, access: readAccess(row, 'UTC') }
}
const master = { id: 'litellm_proxy_master_key', isMaster: true }
const chat = { module: 'llm', path: '/v1/chat/completions' }

test.each([
  [['llm_api_routes'], '/v1/chat/completions', true],
  [['openai_routes'], '/chat/completions', true],
  [['openai_routes'], '/openai/deployments/m/chat/completions', true],
  [['openai_routes'], '/v1/messages', false],
  [['anthropic_routes'], '/v1/messages/count_tokens', true],
  [['llm_api_routes'], '/v1/images/generations', true],
  [['llm_api_routes'], '/key/generate', false],
  [['management_routes'], '/key/generate', true],
  [['management_routes'], '/team/member_add', true],
  [['management_routes'], '/v1/chat/completions', false],
  [['management_routes'], '/keys', false],
  [['info_routes'], '/key/info', true],
  [['info_routes'], '/key/delete', false],
  [['info_routes'], '/v1/models', true],
  [['spend_tracking_routes'], '/spend/logs', true],
  [['global_spend_tracking_routes'], '/global/spend/report', true],
  [['/v1/*'], '/v1/embeddings', true],
  [['/v1/*'], '/embeddings', true],
  [['/v1/*'], '/key/generate', false],
  [['/chat/completions'], '/v1/chat/completions', true],
  [['/engines/{model}/chat/completions'], '/engines/m/chat/completions', true],
  [['/key/{id}/regenerate'], '/key/:key/regenerate', true],
  [['constructor'], '/constructor', false],
])('with allowed_routes %j a key may ask %s: %s', (routes, path, expected) => {
  expect(isRouteAllowed(routes, path)).toBe(expected)
})

describe('a key is refused', () => {
  test('on a module that is not among its own, and hears which those are', () => {
    const caller = callerWith({ modules: ['embeddings', 'vision'] })
    expect(() => requireUse(caller, chat)).toThrow(/module llm.*may be used on embeddings, vision/)
    expect(() => requireUse(caller, { ...chat, module: 'vision' })).not.toThrow()
  })

  test('for a path that its routes do not have, and hears which those are', () => {
    const caller = callerWith({ allowed_routes: ['/v1/embeddings'] })
    expect(() => requireUse(caller, chat)).toThrow(/allowed_routes are \/v1\/embeddings/)
  })
})

test('a key with no lists, and the master key, may ask everything', () => {
  expect(() => requireUse(callerWith({}), chat)).not.toThrow()
  expect(() => requireUse(master, chat)).not.toThrow()
})

test('what is about all is shown to admins, viewers, and whose routes name it', () => {
  expect(() => requireOverview(callerWith({}), '/metrics')).toThrow(/master key/)
  expect(() =>
    requireOverview(callerWith({ allowed_routes: ['/metrics'] }), '/metrics'),
  ).not.toThrow()
  expect(() => requireOverview(callerWith({}, 'proxy_admin_viewer'), '/metrics')).not.toThrow()
  expect(() => requireOverview(master, '/metrics')).not.toThrow()
  expect(roleOf(master)).toBe('admin')
})
