import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyFilter } from '../storage/key-lists.ts'
import type { KeyRow } from '../storage/keys.ts'
import { keysFields } from './account-fields.ts'
import { notAllowed, type Actor } from './actor.ts'
import type { Answer, Ask } from './ask.ts'
import { budgetsOf, findKey, shownKey } from './key-parts.ts'
import { deletedKeyShape, keyInfo, keyShape } from './key-shape.ts'
import { orderOf, pageOf, pagesOf } from './pages.ts'
import { readFields } from './read-fields.ts'
import { spendOf, type Spent } from './spend-of.ts'
import type { BudgetRow } from '../storage/budgets.ts'

/** `GET /key/info?key=`: without a key the caller's own; the master key is shown the list of all. */
export async function keyInfoOf(ask: Ask): Promise<Answer> {
  const asked = ask.query.text('key')
  if (asked === undefined && ask.actor.keyId === undefined) return listKeys(ask)
  const named = asked ?? ask.actor.keyId ?? ''
  const row = await findKey(ask, named)
  requireSight(ask.actor, row)
  const shown = await shownWith(ask, [row], keyInfo)
  return { key: named, info: shown[0] ?? {} }
}

/** `POST /v2/key/info {keys}`; without keys the caller's own. Those that are not there, or not to be seen, are left out. */
export async function keyInfos(ask: Ask): Promise<Answer> {
  const { sent } = readFields(keysFields, ask.body)
  const own = ask.actor.keyId === undefined ? [] : [ask.actor.keyId]
  const keys = sent.keys ?? own
  const ids = keys.flatMap((key) => ask.house.keyIdsOf(key))
  const rows = await ask.accounts.keys.find({ ids, aliases: sent.key_aliases ?? [] })
  const seen = rows.filter((row) => mayRead(ask.actor, row))
  if (seen.length === 0) {
    throw new GatewayError(
      'not_found',
      `No keys found: none of ${keys.slice(0, 3).map(shownKey).join(', ') || 'those asked for'} is there.`,
      { param: 'keys' },
    )
  }
  return { key: keys, info: await shownWith(ask, seen, keyShape) }
}

const statuses = ['active', 'expired', 'revoked', 'deleted'] as const

/** `GET /key/list`: tokens in pages, or whole keys with `return_full_object`. */
export async function listKeys(ask: Ask): Promise<Answer> {
  const { accounts, query } = ask
  const page = pageOf(query, { sizes: ['size', 'page_size'], usual: 10, most: 100 })
  const isFull = query.flag('return_full_object') ?? false
  const status = query.oneOf('status', statuses)
  const filter = { ...filterOf(ask), orTeamIds: await managedTeams(ask) }
  if (status === 'deleted') {
    const { rows, total } = await accounts.keys.listDeleted(filter, page)
    const keys = rows.map((row) => (isFull ? deletedKeyShape(row) : row.id))
    return { keys, ...pagesOf(page, total, 'total_count') }
  }
  const order = orderOf(query, accounts.keys.orders)
  const { rows, total } = await accounts.keys.list({ ...filter, status }, order, page)
  const keys = isFull ? await shownWith(ask, rows, keyShape) : rows.map(({ id }) => id)
  return { keys, ...pagesOf(page, total, 'total_count') }
}

/** `GET /key/aliases`. */
export async function listAliases(ask: Ask): Promise<Answer> {
  const page = pageOf(ask.query, { sizes: ['size'], usual: 50, most: 1000 })
  const { rows, total } = await ask.accounts.keys.listAliases(filterOf(ask), page)
  return { aliases: rows, ...pagesOf(page, total, 'total_count') }
}

/** `POST /key/health`: whoever gets here has a sound key. */
export async function keyHealth(): Promise<Answer> {
  return { key: 'healthy', logging_callbacks: null }
}

/** Keys by LiteLLM's names, with what they have spent and the budgets they refer to. */
export async function shownWith(
  { accounts, house }: Pick<Ask, 'accounts' | 'house'>,
  rows: readonly KeyRow[],
  show: (row: KeyRow, spent: Spent, budget?: BudgetRow) => Readonly<Record<string, unknown>>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const budget = await budgetsOf(accounts, rows)
  const spenders = rows.map(({ id, settings, budgetId }) => ({
    id,
    settings,
    budget: budget(budgetId)?.settings,
  }))
  const spent = await spendOf({ accounts, house }, 'key', spenders)
  return rows.map((row) => show(row, spent(row.id), budget(row.budgetId)))
}

function filterOf({ query, actor, house }: Ask): KeyFilter {
  const key = query.text('key_hash') ?? query.text('key')
  return {
    userId: query.text('user_id'),
    teamId: query.text('team_id'),
    organizationId: query.text('organization_id'),
    ids: key === undefined ? undefined : house.keyIdsOf(key),
    alias: query.text('key_alias'),
    search: query.text('search'),
    ...(!actor.isViewer && { visible: { teamIds: actor.adminOf, id: actor.keyId ?? '' } }),
  }
}

/** `include_team_keys`: the teams that the user who is asked about manages. */
async function managedTeams({ accounts, query }: Ask): Promise<readonly string[]> {
  const userId = query.text('user_id')
  if (userId === undefined || query.flag('include_team_keys') !== true) return []
  const memberships = await accounts.members.find({ userIds: [userId] })
  return memberships.filter(({ role }) => role === 'admin').map(({ teamId }) => teamId)
}

function mayRead(actor: Actor, { id, teamId }: KeyRow): boolean {
  if (actor.isViewer || id === actor.keyId) return true
  return teamId !== null && actor.adminOf.includes(teamId)
}

function requireSight(actor: Actor, row: KeyRow): void {
  if (mayRead(actor, row)) return
  throw notAllowed(
    'This key may ask about itself, and about keys of teams it manages: leave `key` out.',
    'key',
  )
}
