import type { AdminRole, Holder, KeyAccess, ModelList } from './access.ts'
import type { AccessRow, OwnerRow } from './access-row.ts'
import { readLimits, readModelLimits, readModuleLimits } from './read-limits.ts'
import { isTimeZone, mapOf, settingsOf, textsOf, type Settings } from './read-settings.ts'

/** A key as it stands in storage, as it is used. Never throws, whatever is stored. */
export function readAccess(row: AccessRow, defaultTimeZone: string): KeyAccess {
  const key = { ...settingsOf(row.budget?.settings), ...settingsOf(row.settings) }
  const user = settingsOf(row.user?.settings)
  const team = settingsOf(row.team?.settings)
  return {
    id: row.id,
    name: row.name,
    alias: row.alias ?? undefined,
    userId: row.user?.id,
    teamId: row.team?.id,
    teamAlias: row.team?.alias ?? undefined,
    role: roleOf(row.user?.role),
    adminOf: row.adminOf,
    expiresAtMs: row.expiresAtMs ?? undefined,
    blocked: blockedOf(row),
    modules: modulesOf(key, team),
    modelLists: modelListsOf(row, key, user, team),
    routes: routesOf(key),
    aliases: { ...aliasesOf(team), ...aliasesOf(key) },
    tags: [...new Set([...tagsOf(key), ...tagsOf(team)])].slice(0, mostTags),
    queueWeight: weightOf(key) ?? weightOf(team) ?? 1,
    holders: holdersOf(row, { key, user, team }, defaultTimeZone),
  }
}

const mostTags = 100

const roles: ReadonlyMap<string | undefined, AdminRole> = new Map([
  ['proxy_admin', 'admin'],
  ['proxy_admin_viewer', 'viewer'],
])

function roleOf(role: string | undefined): AdminRole {
  return roles.get(role) ?? 'none'
}

function blockedOf({ isBlocked, user, team }: AccessRow): string | undefined {
  if (isBlocked) return 'key'
  if (team?.isBlocked) return `team ${nameOf(team)}`
  return user?.isBlocked ? `user ${nameOf(user)}` : undefined
}

const longestName = 100

/** What people call it, fit for a message. */
function nameOf({ alias, id }: Pick<OwnerRow, 'alias' | 'id'>): string {
  const name = alias !== null && alias !== '' ? alias : id
  return name.replaceAll(/\p{C}/gu, '?').slice(0, longestName)
}

/** Stands for no module at all. */
const noModule = '(none)'

// A team's modules bound those of its keys.
function modulesOf(key: Settings, team: Settings): readonly string[] {
  const own = textsOf(key['modules'])
  const ofTeam = textsOf(team['modules'])
  if (own.length === 0 || ofTeam.length === 0) return own.length === 0 ? ofTeam : own
  const both = own.filter((name) => ofTeam.includes(name))
  return both.length === 0 ? [noModule] : both
}

const allOfTeam = 'all-team-models'
const all = 'all-proxy-models'

/** Lists in which a model must stand: the key's and its team's, or, of a key without a team, its user's. */
function modelListsOf(
  { user, team }: AccessRow,
  key: Settings,
  userSettings: Settings,
  teamSettings: Settings,
): readonly ModelList[] {
  const own = textsOf(key['models'])
  const lists: ModelList[] = []
  // Its team's list is looked at anyway.
  if (own.length > 0 && !own.includes(allOfTeam)) lists.push({ of: 'key', models: own })
  if (team) lists.push({ of: `team ${nameOf(team)}`, models: textsOf(teamSettings['models']) })
  else if (user) lists.push({ of: `user ${nameOf(user)}`, models: textsOf(userSettings['models']) })
  return lists.filter(({ models }) => models.length > 0 && !models.includes(all))
}

const routesOfType: Readonly<Record<string, readonly string[]>> = {
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
}

function routesOf(key: Settings): readonly string[] {
  const routes = textsOf(key['allowed_routes'])
  const type = key['key_type']
  if (routes.length > 0 || typeof type !== 'string') return routes
  return Object.hasOwn(routesOfType, type) ? (routesOfType[type] ?? []) : []
}

function aliasesOf(settings: Settings): Readonly<Record<string, string>> {
  const read = (one: unknown) => (typeof one === 'string' && one !== '' ? one : undefined)
  return { ...mapOf(settings['model_aliases'], read), ...mapOf(settings['aliases'], read) }
}

// LiteLLM keeps them in the metadata.
function tagsOf(settings: Settings): readonly string[] {
  const { tags } = settingsOf(settings['metadata'])
  return [...textsOf(settings['tags']), ...textsOf(tags)]
}

const leastWeight = 0.01
const mostWeight = 1000

function weightOf({ queue_weight: weight }: Settings): number | undefined {
  if (typeof weight !== 'number' || Number.isNaN(weight)) return undefined
  return Math.min(Math.max(leastWeight, weight), mostWeight)
}

interface AllSettings {
  readonly key: Settings
  readonly user: Settings
  readonly team: Settings
}

/** From the narrowest to the widest; whoever has no limits is none. */
function holdersOf(
  { id, name, user, team, member }: AccessRow,
  settings: AllSettings,
  timeZone: string,
): readonly Holder[] {
  const key = { kind: 'key', id: countedAs(settings.key) ?? id, label: `key ${name}` } as const
  const holders = [holderOf(key, settings.key, timeZone)]
  if (user && team && member) {
    const own = { ...settingsOf(member.budget?.settings), ...settingsOf(member.settings) }
    const label = `user ${nameOf(user)} in team ${nameOf(team)}`
    holders.push(holderOf({ kind: 'member', id: `${team.id}/${user.id}`, label }, own, timeZone))
  }
  if (user) {
    const who = { kind: 'user', id: user.id, label: `user ${nameOf(user)}` } as const
    holders.push(holderOf(who, settings.user, timeZone))
  }
  if (team) {
    const who = { kind: 'team', id: team.id, label: `team ${nameOf(team)}` } as const
    holders.push(holderOf(who, settings.team, timeZone))
  }
  return holders.filter(isLimited)
}

// A key that took the place of another goes on with what is used of its limits.
function countedAs({ counted_as: first }: Settings): string | undefined {
  return typeof first === 'string' && /^[0-9a-f]{64}$/.test(first) ? first : undefined
}

function holderOf(
  who: Pick<Holder, 'kind' | 'id' | 'label'>,
  settings: Settings,
  defaultTimeZone: string,
): Holder {
  const { timezone } = settings
  return {
    ...who,
    timeZone: isTimeZone(timezone) ? timezone : defaultTimeZone,
    limits: readLimits(settings),
    ofModels: readModelLimits(settings),
    ofModules: readModuleLimits(settings),
  }
}

function isLimited({ limits, ofModels, ofModules }: Holder): boolean {
  return [limits, ofModels, ofModules].some((one) => Object.keys(one).length > 0)
}
