import { isObject } from '../../modules/json-object.ts'
import { formatTable } from '../local/table.ts'
import type { Told } from './client.ts'

const width = 100

/** A new key, this once, and what it may do. */
export function showNewKey(told: Told): string {
  return [
    String(told['key']),
    '',
    details(told),
    '',
    'This is the only time it is shown: store it now. It works on every module it is allowed on.',
  ].join('\n')
}

/** One key, without itself. */
export function showKey(told: Told): string {
  return details(told)
}

/** Keys in a table. */
export function showKeys(keys: readonly Told[], told: Told): string {
  if (keys.length === 0) return 'There are no such keys.'
  const rows = keys.map((key) => [
    textOf(key['key_alias'] ?? key['key_name']),
    textOf(key['team_id']),
    textOf(key['user_id']),
    stateOf(key),
    moneyOf(key),
    ratesOf(key),
    listed(key['models']) || 'all',
  ])
  const header = ['NAME', 'TEAM', 'USER', 'STATE', 'SPENT', 'LIMITS', 'MODELS']
  const pages = Number(told['total_pages'] ?? 1)
  const more =
    pages > 1 ? [`Page ${textOf(told['current_page'])} of ${pages}: --page shows the others.`] : []
  return [formatTable(header, rows, width), ...more].join('\n')
}

/** Teams in a table. */
export function showTeams(teams: readonly Told[]): string {
  if (teams.length === 0) return 'There are no teams.'
  const rows = teams.map((team) => [
    textOf(team['team_id']),
    textOf(team['team_alias']),
    team['blocked'] === true ? 'blocked' : 'active',
    moneyOf(team),
    ratesOf(team),
    `${listOf(team['members_with_roles']).length}`,
    `${listOf(team['keys']).length}`,
    listed(team['models']) || 'all',
  ])
  const header = ['TEAM', 'NAME', 'STATE', 'SPENT', 'LIMITS', 'USERS', 'KEYS', 'MODELS']
  return formatTable(header, rows, width)
}

/** One team, with who is in it. */
export function showTeam(team: Told): string {
  const members = listOf(team['members_with_roles']).filter(isObject)
  const rows = members.map((member) => [
    textOf(member['user_id']),
    textOf(member['user_email']),
    textOf(member['role']),
  ])
  const table = rows.length === 0 ? [] : ['', formatTable(['USER', 'E-MAIL', 'ROLE'], rows, width)]
  return [details(team), ...table].join('\n')
}

/** What a gateway wants to have said besides. */
export function warningsOf(told: Told): readonly string[] {
  return listOf(told['warnings']).map((warning) => `Note: ${textOf(warning)}`)
}

const shown: readonly (readonly [label: string, value: (told: Told) => string])[] = [
  ['name', (told) => textOf(told['key_alias'] ?? told['team_alias'])],
  ['key', (told) => textOf(told['key_name'])],
  ['token', (told) => textOf(told['token'])],
  ['team', (told) => textOf(told['team_id'])],
  ['user', (told) => textOf(told['user_id'])],
  ['state', stateOf],
  ['spent', moneyOf],
  ['begins anew', (told) => textOf(told['budget_reset_at'])],
  ['limits', ratesOf],
  ['models', (told) => listed(told['models'])],
  ['modules', (told) => listed(told['modules'])],
  ['tags', (told) => listed(told['tags'])],
  ['expires', (told) => textOf(told['expires'])],
  ['made', (told) => textOf(told['created_at'])],
]

function details(told: Told): string {
  const rows = shown.map(([label, value]) => [label, value(told)] as const)
  return rows
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label.padEnd(13)}${value}`)
    .join('\n')
}

function stateOf(told: Told): string {
  if (told['deleted_at'] !== undefined) return 'deleted'
  if (told['blocked'] === true) return 'blocked'
  const expires = told['expires']
  return typeof expires === 'string' && Date.parse(expires) <= Date.now() ? 'expired' : 'active'
}

function moneyOf(told: Told): string {
  const spent = `$${dollars(told['spend'])}`
  const most = told['max_budget']
  if (typeof most !== 'number') return spent
  const duration = told['budget_duration']
  return `${spent} of $${dollars(most)}${typeof duration === 'string' ? ` per ${duration}` : ''}`
}

const rates = [
  ['rpm_limit', 'rpm'],
  ['tpm_limit', 'tpm'],
  ['rpd_limit', 'rpd'],
  ['tpd_limit', 'tpd'],
  ['max_parallel_requests', 'at once'],
] as const

function ratesOf(told: Told): string {
  return rates
    .flatMap(([name, unit]) => (typeof told[name] === 'number' ? [`${told[name]} ${unit}`] : []))
    .join(', ')
}

function dollars(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(6).replace(/\.?0+$/, '') : '0'
}

function listed(value: unknown): string {
  return listOf(value).map(textOf).join(', ')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

// What others have named goes to a terminal: nothing in it may steer that.
function textOf(value: unknown): string {
  if (typeof value === 'number') return `${value}`
  return typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '?') : ''
}
