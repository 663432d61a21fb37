import { createVirtualKey, nameOf } from '../auth/virtual-key.ts'
import { newKeyFields, settingNames } from './account-fields.ts'
import { requireAdminFor, requireNoMoreRights, requireTeam } from './actor.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import {
  checkGuarantees,
  checkModels,
  ensureTeam,
  ensureUser,
  expiryOf,
  findBudget,
  warnOfBudget,
  warnOfModules,
} from './key-parts.ts'
import { newKeyShape } from './key-shape.ts'
import { need, readFields, type Sent } from './read-fields.ts'
import { settingsAfter } from './settings.ts'
import { settingsWithSpend, spendOf } from './spend-of.ts'

export type NewKey = Sent<typeof newKeyFields>

/** `POST /key/generate`. */
export function generateKey(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(newKeyFields, ask.body)
  return makeKey(ask, sent, warnings)
}

/** `POST /key/service-account/generate`: a key of a team, and of nobody in it. */
export function generateServiceAccount(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(newKeyFields, ask.body)
  need(sent.team_id, 'team_id', 'the team whose service account it is')
  const account = sent.metadata?.['service_account_id'] ?? sent.key_alias ?? null
  const metadata = { ...sent.metadata, service_account_id: account }
  return makeKey(ask, { ...sent, user_id: null, metadata }, warnings)
}

/** Makes a key as it was asked for; with it the team and the user it names, where there are none. */
export async function makeKey(
  ask: Ask,
  sent: NewKey,
  warnings: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const { actor, accounts, house } = ask
  house.requireKeys()
  const teamId = sent.team_id ?? null
  requireTeam(actor, teamId, 'make a key outside of its teams')
  requireAdminFor(actor, fieldsOfAdmins(sent), 'a key')
  await requireNoMoreRights(actor, sent.user_id ?? null, accounts)
  const { team, warning: newTeam } = await ensureTeam(ask, teamId)
  const { warning: newUser } = await ensureUser(ask, sent.user_id)
  const budget = await findBudget(accounts, sent.budget_id)
  const settings = settingsAfter({}, sent, settingNames.key)
  const outside = checkModels(settings, team, house)
  await checkGuarantees(accounts, settings, team)
  const key = sent.key ?? createVirtualKey()
  if (sent.key) house.requireFreeKey(sent.key)
  const id = house.newKeyId(key)
  const spender = { id, settings, budget: budget?.settings }
  const row = await accounts.keys.add(
    id,
    {
      name: nameOf(key),
      alias: sent.key_alias ?? null,
      userId: sent.user_id ?? null,
      teamId,
      budgetId: budget?.id ?? null,
      settings: sent.spend
        ? await settingsWithSpend({ accounts, house }, 'key', spender, sent.spend)
        : settings,
      isBlocked: sent.blocked ?? false,
      expiresAt: expiryOf(sent.duration, house),
    },
    actor.name,
  )
  const spent = await spendOf({ accounts, house }, 'key', [
    { id, settings: row.settings, budget: budget?.settings },
  ])
  const said = [newTeam, newUser, outside, warnOfBudget(settings, team)]
  return withWarnings(newKeyShape(key, row, spent(id), budget), [
    ...warnings,
    ...said,
    ...warnOfModules(settings, house),
  ])
}

/** What of a key only a proxy admin sets: it reaches beyond the team. */
export function fieldsOfAdmins(sent: Readonly<Record<string, unknown>>): readonly string[] {
  return ['budget_id', 'spend'].filter((name) => sent[name] !== undefined && sent[name] !== null)
}
