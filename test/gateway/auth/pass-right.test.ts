import { expect, test } from 'vitest'

import type { KeyAccess } from '../../../gateway/auth/access.ts'
import type { Caller } from '../../../gateway/auth/keyring.ts'
import { requirePassRight } from '../../../gateway/auth/pass-right.ts'

const access: KeyAccess = {
  id: 'a'.repeat(64),
  name: 'sk-...aB3d',
  alias: undefined,
  userId: undefined,
  teamId: undefined,
  role: 'none',
  adminOf: [],
  expiresAtMs: undefined,
  blocked: undefined,
  modules: [],
  modelLists: [],
  routes: [],
  aliases: {},
  tags: [],
  queueWeight: 1,
  holders: [],
}

const key = (more: Partial<KeyAccess>): Caller => ({
  id: access.id,
  isMaster: false,
  access: { ...access, ...more },
})

const path = '/openai/v1/files'
const lists = [{ of: 'key', models: ['gpt-4o'] }]

test.each<[string, Caller]>([
  ['the master key', { id: 'm', isMaster: true }],
  ['an admin', key({ role: 'admin' })],
  ['a key with the path', key({ routes: [path] })],
  ['a key with all paths of the provider', key({ routes: ['/openai/*'] })],
])('%s may', (_, caller) => {
  expect(() => requirePassRight(caller, { module: 'llm', path })).not.toThrow()
})

test.each<[string, Caller]>([
  ['a gateway without keys', { id: 'open', isMaster: false }],
  ['a key that names no paths', key({})],
  ['a viewer', key({ role: 'viewer' })],
  ['a key with the paths of models', key({ routes: ['llm_api_routes', 'openai_routes'] })],
  ['a key with paths of another provider', key({ routes: ['/anthropic/*'] })],
  ['a key that is held to some models', key({ routes: ['/openai/*'], modelLists: lists })],
  ['an admin of another module', key({ role: 'admin', modules: ['vision'] })],
  ['an admin whose key is for other paths', key({ role: 'admin', routes: ['/key/*'] })],
])('%s may not', (_, caller) => {
  expect(() => requirePassRight(caller, { module: 'llm', path })).toThrow(
    expect.objectContaining({ code: 'route_not_allowed' }),
  )
})
