import { durationMs } from '../../modules/duration.ts'
import { createNameMatcher } from '../../modules/name-pattern.ts'
import { nearestNames } from '../../modules/nearest-name.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Accounts } from '../storage/accounts.ts'
import type { BudgetRow } from '../storage/budgets.ts'
import type { KeyRow } from '../storage/keys.ts'
import type { SettingsJson } from '../storage/row-text.ts'
import type { TeamRow } from '../storage/teams.ts'
import { iso, type Ask, type House } from './ask.ts'
import { numberIn, textIn, textsIn } from './settings.ts'

/** When a key ends, of how long it is to live; null: never. */
export function expiryOf(lifetime: string | null | undefined, house: House): string | null {
  const ms = durationMs(lifetime ?? undefined)
  return ms === undefined ? null : iso(house.now() + ms)
}

/** A team that is named; where there is none it is made, without limits, and that is said. */
export async function ensureTeam(
  { accounts, actor }: Pick<Ask, 'accounts' | 'actor'>,
  id: string | null | undefined,
): Promise<{ readonly team?: TeamRow; readonly warning?: string }> {
  if (id === null || id === undefined) return {}
  const added = await accounts.teams.add(
    id,
    { alias: null, settings: {}, isBlocked: false },
    actor.name,
  )
  if (added) {
    const others = await accounts.teams.list({}, { by: 'created_at', isAscending: false }, few)
    const names = others.rows.flatMap((team) => [team.id, team.alias ?? team.id])
    return { team: added, warning: madeAnew('team', id, names) }
  }
  const [team] = await accounts.teams.find([id])
  return team ? { team } : {}
}

/** The same for a user. */
export async function ensureUser(
  { accounts, actor }: Pick<Ask, 'accounts' | 'actor'>,
  id: string | null | undefined,
): Promise<{ readonly warning?: string }> {
  if (id === null || id === undefined) return {}
  const blank = { alias: null, email: null, role: 'internal_user', settings: {}, isBlocked: false }
  const added = await accounts.users.add(id, blank, actor.name)
  return added ? { warning: madeAnew('user', id, []) } : {}
}

/** A budget that is named; null where none is. Throws `not_found`. */
export async function findBudget(
  accounts: Accounts,
  id: string | null | undefined,
): Promise<BudgetRow | undefined> {
  if (id === null || id === undefined) return undefined
  const [budget] = await accounts.budgets.find([id])
  if (budget) return budget
  throw new GatewayError(
    'not_found',
    `There is no budget ${id}: make it first with POST /budget/new.`,
    { param: 'budget_id' },
  )
}

/** Budgets that keys refer to, by id. */
export async function budgetsOf(
  accounts: Accounts,
  rows: readonly { readonly budgetId: string | null }[],
): Promise<(id: string | null) => BudgetRow | undefined> {
  const ids = [...new Set(rows.flatMap(({ budgetId }) => budgetId ?? []))]
  const found = ids.length === 0 ? [] : await accounts.budgets.find(ids)
  const budgets = new Map(found.map((budget) => [budget.id, budget]))
  return (id) => (id === null ? undefined : budgets.get(id))
}

const specialLists = ['all-team-models', 'all-proxy-models', 'no-default-models', '*']

/**
 * Throws `invalid_request` for a key's models that its team has not: nobody could use them. A name that this gateway
 * does not know may be an access group, or another module's model: then it is only said.
 */
export function checkModels(
  settings: SettingsJson,
  team: TeamRow | undefined,
  house: House,
): string | undefined {
  const ofTeam = team === undefined ? [] : textsIn(team.settings, 'models')
  if (team === undefined || ofTeam.length === 0) return undefined
  if (ofTeam.some((model) => specialLists.includes(model))) return undefined
  const patterns = ofTeam.map((model) => createNameMatcher(model))
  const outside = textsIn(settings, 'models').filter(
    (model) =>
      !specialLists.includes(model) &&
      !model.includes('*') &&
      !patterns.some((matches) => matches(model) !== undefined),
  )
  if (outside.length === 0) return undefined
  const words = `the team ${team.id} has no ${outside.slice(0, 5).join(', ')}: its models are ${ofTeam.slice(0, 10).join(', ')}`
  const isCertain = [...ofTeam, ...outside].every(
    (model) => model.includes('*') || house.modelNames.includes(model),
  )
  if (!isCertain) return `models: ${words}, unless one of these names is an access group`
  throw new GatewayError('invalid_request', `models: ${words}`, { param: 'models' })
}

/** What a budget above the team's is worth. */
export function warnOfBudget(
  settings: SettingsJson,
  team: TeamRow | undefined,
): string | undefined {
  const own = numberIn(settings, 'max_budget')
  const ofTeam = team && numberIn(team.settings, 'max_budget')
  if (own === undefined || ofTeam === undefined || own <= ofTeam) return undefined
  return `max_budget: the key's $${own} is above the $${ofTeam} of its team ${team?.id}, which holds as well`
}

const guaranteed = 'guaranteed_throughput'

/** Throws `invalid_request` where the rates that a team's keys are guaranteed come to more than the team has. */
export async function checkGuarantees(
  accounts: Accounts,
  settings: SettingsJson,
  team: TeamRow | undefined,
  exceptId?: string,
): Promise<void> {
  const rates = (['rpm', 'tpm'] as const).filter(
    (rate) => textIn(settings, `${rate}_limit_type`) === guaranteed,
  )
  if (team === undefined || rates.length === 0) return
  const order = { by: 'created_at', isAscending: true }
  const { rows } = await accounts.keys.list({ teamId: team.id }, order, {
    offset: 0,
    limit: 10_000,
  })
  for (const rate of rates) {
    const most = numberIn(team.settings, `${rate}_limit`)
    const given = rows
      .filter((key) => key.id !== exceptId)
      .filter((key) => textIn(key.settings, `${rate}_limit_type`) === guaranteed)
      .reduce((sum, key) => sum + (numberIn(key.settings, `${rate}_limit`) ?? 0), 0)
    const own = numberIn(settings, `${rate}_limit`) ?? 0
    if (most === undefined || given + own <= most) continue
    throw new GatewayError(
      'invalid_request',
      `Allocated ${rate.toUpperCase()} limit=${given} + Key ${rate.toUpperCase()} limit=${own} is greater than team ${rate.toUpperCase()} limit=${most}: lower ${rate}_limit, or use another ${rate}_limit_type.`,
      { param: `${rate}_limit` },
    )
  }
}

/** About modules that no neighbour has. */
export function warnOfModules(settings: SettingsJson, house: House): readonly string[] {
  const named = [...textsIn(settings, 'modules'), ...Object.keys(Object(settings['module_limits']))]
  return [...new Set(named)]
    .filter((name) => !house.moduleNames.includes(name))
    .map((name) => {
      const [near] = nearestNames(name, house.moduleNames, 1)
      return `modules: no module that this gateway knows has the name ${name}${near === undefined ? '' : `, did you mean ${near}?`}`
    })
}

/** A key by itself, its token, or its alias. Throws `not_found`. */
export async function findKey(
  { accounts, house }: Pick<Ask, 'accounts' | 'house'>,
  key: string,
  isForChange = false,
): Promise<KeyRow> {
  const [row] = await accounts.keys.find({ ids: house.keyIdsOf(key) }, isForChange)
  if (row) return row
  throw new GatewayError(
    'not_found',
    `Key not found in database: there is none such as ${shownKey(key)}. GET /key/list names those there are.`,
    { param: 'key' },
  )
}

/** Enough of a key to know it again. */
export function shownKey(key: string): string {
  return key.startsWith('sk-') && key.length > 12 ? `sk-...${key.slice(-4)}` : `…${key.slice(-6)}`
}

const few = { offset: 0, limit: 200 }

function madeAnew(kind: 'team' | 'user', id: string, names: readonly string[]): string {
  const [near] = nearestNames(
    id,
    names.filter((name) => name !== id),
    1,
  )
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`
  return `the ${kind} ${id} did not exist${hint}: it was made, without limits; POST /${kind}/update sets them`
}
