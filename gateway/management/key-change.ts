import type { KeyColumns, KeyRow } from '../storage/keys.ts'
import { settingNames, type updateKeyFields } from './account-fields.ts'
import { requireAdminFor, requireNoMoreRights, requireTeam, type Actor } from './actor.ts'
import type { Ask } from './ask.ts'
import {
  checkGuarantees,
  checkModels,
  ensureTeam,
  ensureUser,
  expiryOf,
  findBudget,
  findKey,
  warnOfBudget,
  warnOfModules,
} from './key-parts.ts'
import { keyShape } from './key-shape.ts'
import { fieldsOfAdmins } from './make-key.ts'
import type { Sent } from './read-fields.ts'
import { settingsAfter } from './settings.ts'
import { settingsWithSpend, spendOf } from './spend-of.ts'

type KeyChange = Omit<Sent<typeof updateKeyFields>, 'key'>

/** The key as it is to be, and what there is to say about that. */
export async function changedKey(
  ask: Ask,
  row: KeyRow,
  sent: KeyChange,
): Promise<{ readonly columns: KeyColumns; readonly said: readonly (string | undefined)[] }> {
  const { accounts, actor, house } = ask
  requireAdminFor(actor, fieldsOfAdmins(sent), 'a key')
  const teamId = sent.team_id === undefined ? row.teamId : sent.team_id
  const userId = sent.user_id === undefined ? row.userId : sent.user_id
  const budgetId = sent.budget_id === undefined ? row.budgetId : sent.budget_id
  requireTeam(actor, teamId, 'put a key outside of its teams')
  if (userId !== row.userId) await requireNoMoreRights(actor, userId, accounts)
  const { team, warning: newTeam } = await ensureTeam(ask, teamId)
  const { warning: newUser } = await ensureUser(ask, userId)
  const budget = await findBudget(accounts, budgetId)
  const settings = settingsAfter(row.settings, sent, settingNames.key)
  const outside = checkModels(settings, team, house)
  await checkGuarantees(accounts, settings, team, row.id)
  const spender = { id: row.id, settings, budget: budget?.settings }
  const columns = {
    ...row,
    alias: sent.key_alias === undefined ? row.alias : sent.key_alias,
    userId,
    teamId,
    budgetId,
    settings:
      sent.spend === undefined || sent.spend === null
        ? settings
        : await settingsWithSpend({ accounts, house }, 'key', spender, sent.spend),
    isBlocked: sent.blocked ?? row.isBlocked,
    // As with LiteLLM nothing is no duration: a key that is to live for ever is given -1.
    expiresAt: sent.duration ? expiryOf(sent.duration, house) : row.expiresAt,
  }
  const warnings = [newTeam, newUser, outside, warnOfBudget(settings, team)]
  return { columns, said: [...warnings, ...warnOfModules(settings, house)] }
}

/** A key that is there, and that who asks may change. */
export async function findForChange(ask: Ask, key: string): Promise<KeyRow> {
  const row = await findKey(ask, key, true)
  mayChange(ask.actor, row, 'change')
  await requireNoMoreRights(ask.actor, row.userId, ask.accounts)
  return row
}

/** Throws `route_not_allowed` for a key of another team. */
export function mayChange(actor: Actor, row: KeyRow, what: string): void {
  requireTeam(actor, row.teamId, `${what} a key that is not of its teams`)
}

/** A key after it was changed. */
export async function shownAfter(
  { accounts, house }: Ask,
  row: KeyRow,
): Promise<Readonly<Record<string, unknown>>> {
  const budget = await findBudget(accounts, row.budgetId)
  const spent = await spendOf({ accounts, house }, 'key', [
    { id: row.id, settings: row.settings, budget: budget?.settings },
  ])
  return keyShape(row, spent(row.id), budget)
}
