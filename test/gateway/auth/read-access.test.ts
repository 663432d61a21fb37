import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readAccess } from '../../../gateway/auth/read-access.ts'
import { accessRow, owner } from './access-rows.ts'

const read = (changes: Parameters<typeof accessRow>[0]) => readAccess(accessRow(changes), 'UTC')
const limitsOf = (settings: unknown) => read({ settings }).holders[0]

describe('limits', () => {
  test('are read from LiteLLM’s names, money in billionths', () => {
    const settings = {
      rpm_limit: 10,
      tpm_limit: 1000,
      rpd_limit: 50,
      tpd_limit: 5000,
      max_parallel_requests: 3,
      max_budget: 1.1,
      budget_duration: '30d',
      soft_budget: 0.29,
      budget_limits: [{ max_budget: 0.5, budget_duration: '1d' }],
    }
    expect(limitsOf(settings)?.limits).toEqual({
      requestsPerMinute: 10,
      tokensPerMinute: 1000,
      requestsPerDay: 50,
      tokensPerDay: 5000,
      atOnce: 3,
      budgets: [
        { nano: 1_100_000_000, duration: '30d' },
        { nano: 500_000_000, duration: '1d' },
      ],
      softBudgetNano: 290_000_000,
    })
  })

  test('of a key that took the place of another are counted under the first one’s id', () => {
    const first = 'a'.repeat(64)
    expect(limitsOf({ rpm_limit: 1, counted_as: first })?.id).toBe(first)
    expect(limitsOf({ rpm_limit: 1, counted_as: 'x' })?.id).toBe('0'.repeat(64))
  })

  test('of a model come from either of LiteLLM’s forms', () => {
    const settings = {
      model_rpm_limit: { m: 5 },
      model_tpm_limit: { m: 500, n: 1 },
      model_max_budget: { m: { budget_limit: 2, time_period: '1d', rpm_limit: 9 }, o: 3 },
    }
    expect(limitsOf(settings)?.ofModels).toEqual({
      m: {
        requestsPerMinute: 5,
        tokensPerMinute: 500,
        budgets: [{ nano: 2_000_000_000, duration: '1d' }],
      },
      n: { tokensPerMinute: 1 },
      o: { budgets: [{ nano: 3_000_000_000 }] },
    })
  })

  test('of a budget lie under the key’s own', () => {
    const budget = { id: 'b', settings: { rpm_limit: 1, tpm_limit: 2 } }
    const { holders } = read({ budget, settings: { rpm_limit: 9, tpm_limit: null } })
    expect(holders[0]?.limits).toEqual({ requestsPerMinute: 9, tokensPerMinute: 2 })
  })

  test.each([
    ['ten', 0],
    [-1, 0],
    [{}, 0],
    ['7', 7],
    [1.9, 1],
    [1e300, Number.MAX_SAFE_INTEGER],
  ])('one of %j is %d: whoever wrote it wanted a bound', (rpm_limit, expected) => {
    expect(limitsOf({ rpm_limit })?.limits).toEqual({ requestsPerMinute: expected })
  })

  test('a budget whose time is no duration never begins anew', () => {
    expect(limitsOf({ max_budget: 1, budget_duration: 'soon' })?.limits.budgets).toEqual([
      { nano: 1_000_000_000 },
    ])
  })

  test('are in the zone of their holder, else in the module’s', () => {
    const zoneOf = (timezone: unknown) =>
      readAccess(accessRow({ settings: { rpm_limit: 1, timezone } }), 'Europe/Paris').holders[0]
    expect(zoneOf('Asia/Tokyo')?.timeZone).toBe('Asia/Tokyo')
    expect(zoneOf('Mars/Olympus')?.timeZone).toBe('Europe/Paris')
  })
})

test('holders go from the narrowest to the widest, and those without limits are none', () => {
  const limited = { rpm_limit: 1 }
  const row = {
    settings: limited,
    user: { ...owner('u', limited), alias: 'Ann' },
    team: { ...owner('t', limited), alias: 'research' },
    member: { settings: {}, budget: { id: 'b', settings: limited } },
  }
  expect(read(row).holders.map(({ kind, id, label }) => [kind, id, label])).toEqual([
    ['key', '0'.repeat(64), 'key sk-...aB3d'],
    ['member', 't/u', 'user Ann in team research'],
    ['user', 'u', 'user Ann'],
    ['team', 't', 'team research'],
  ])
  expect(read({ ...row, settings: {}, user: owner('u') }).holders.map(({ kind }) => kind)).toEqual([
    'member',
    'team',
  ])
})

describe('models', () => {
  const listsOf = (changes: Parameters<typeof accessRow>[0]) => read(changes).modelLists

  test('must stand in the key’s list and in its team’s', () => {
    expect(
      listsOf({ settings: { models: ['a', 'b'] }, team: owner('t', { models: ['b'] }) }),
    ).toEqual([
      { of: 'key', models: ['a', 'b'] },
      { of: 'team t', models: ['b'] },
    ])
  })

  test('all-team-models leaves the team’s list alone, all-proxy-models lets all through', () => {
    const team = owner('t', { models: ['b'] })
    expect(listsOf({ settings: { models: ['all-team-models'] }, team })).toEqual([
      { of: 'team t', models: ['b'] },
    ])
    expect(listsOf({ settings: { models: ['all-proxy-models'] } })).toEqual([])
  })

  test('the user’s list counts where the key has no team', () => {
    const user = owner('u', { models: ['no-default-models'] })
    expect(listsOf({ user })).toEqual([{ of: 'user u', models: ['no-default-models'] }])
    expect(listsOf({ user, team: owner('t') })).toEqual([])
  })
})

test.each([
  ['llm_api', ['llm_api_routes']],
  ['management', ['management_routes']],
  ['read_only', ['info_routes']],
  ['default', []],
  ['constructor', []],
])('a key of type %s may ask %j', (key_type, routes) => {
  expect(read({ settings: { key_type } }).routes).toEqual(routes)
  expect(read({ settings: { key_type, allowed_routes: ['/x'] } }).routes).toEqual(['/x'])
})

test('a team’s modules bound those of its keys', () => {
  const modulesOf = (own: string[], ofTeam: string[]) =>
    read({ settings: { modules: own }, team: owner('t', { modules: ofTeam }) }).modules
  expect(modulesOf([], [])).toEqual([])
  expect(modulesOf([], ['llm'])).toEqual(['llm'])
  expect(modulesOf(['llm', 'vision'], ['llm'])).toEqual(['llm'])
  expect(modulesOf(['vision'], ['llm'])).not.toEqual([])
  expect(modulesOf(['vision'], ['llm'])).not.toContain('llm')
})

test.each([
  [{ isBlocked: true }, 'key'],
  [{ team: { ...owner('t'), isBlocked: true } }, 'team t'],
  [{ user: { ...owner('u'), isBlocked: true } }, 'user u'],
  [{}, undefined],
])('what is blocked is said: %#', (changes, expected) => {
  expect(read(changes).blocked).toBe(expected)
})

test('roles are those of the user', () => {
  const roleOf = (role: string) => read({ user: { ...owner('u'), role } }).role
  expect(roleOf('proxy_admin')).toBe('admin')
  expect(roleOf('proxy_admin_viewer')).toBe('viewer')
  expect(roleOf('internal_user')).toBe('none')
  expect(read({}).role).toBe('none')
})

test('aliases and tags of the key come before and beside those of its team', () => {
  const { aliases, tags } = read({
    settings: { aliases: { a: 'own', __proto__: 'x' }, tags: ['k'], metadata: { tags: ['m'] } },
    team: owner('t', { model_aliases: { a: 'team', b: 'team' }, tags: ['k', 't'] }),
  })
  expect(aliases).toEqual({ a: 'own', b: 'team' })
  expect(tags).toEqual(['k', 'm', 't'])
})

test('whatever is stored, it is read without a throw, and without a limit that is none', () => {
  const names = fc.constantFrom(
    'max_budget',
    'budget_duration',
    'budget_limits',
    'rpm_limit',
    'model_rpm_limit',
    'model_max_budget',
    'module_limits',
    'models',
    'aliases',
    'allowed_routes',
    'key_type',
    'metadata',
    'tags',
    'modules',
    'timezone',
    'queue_weight',
  )
  const settings = fc.oneof(fc.jsonValue(), fc.dictionary(names, fc.jsonValue()))
  fc.assert(
    fc.property(settings, settings, settings, (key, team, user) => {
      const access = read({
        settings: key,
        team: owner('t', team),
        user: owner('u', user),
        budget: { id: 'b', settings: user },
        member: { settings: team, budget: null },
      })
      const amounts = access.holders.flatMap(({ limits, ofModels, ofModules }) =>
        [limits, ...Object.values(ofModels), ...Object.values(ofModules)].flatMap(
          ({ budgets = [], ...numbers }) => [
            ...Object.values(numbers),
            ...budgets.map(({ nano }) => nano),
          ],
        ),
      )
      return (
        amounts.every((one) => Number.isSafeInteger(one) && one >= 0) &&
        access.queueWeight > 0 &&
        Number.isFinite(access.queueWeight)
      )
    }),
    { numRuns: 300 },
  )
})
