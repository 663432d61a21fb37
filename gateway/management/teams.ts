import { randomUUID } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import type { TeamColumns, TeamRow } from '../storage/teams.ts'
import {
  newTeamFields,
  settingNames,
  teamFields,
  teamModelFields,
  teamsFields,
  updateTeamFields,
} from './account-fields.ts'
import { requireAdminFor } from './actor.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { findTeam, noTeam, shownTeam } from './find-teams.ts'
import { warnOfModules } from './key-parts.ts'
import { addMembers, memberBudgetName, setMemberDefaults } from './team-members.ts'
import { need, readFields } from './read-fields.ts'
import { settingsAfter, textsIn } from './settings.ts'

/** `POST /team/new`. */
export async function newTeam(ask: Ask): Promise<Answer> {
  const { accounts, actor, house } = ask
  const { sent, warnings } = readFields(newTeamFields, ask.body)
  const id = sent.team_id ?? randomUUID()
  const settings = withAliases(settingsAfter({}, sent, settingNames.team), sent)
  const columns = { alias: sent.team_alias ?? null, settings, isBlocked: sent.blocked ?? false }
  const row = await accounts.teams.add(id, columns, actor.name)
  if (!row) {
    throw new GatewayError(
      'invalid_request',
      `Team id = ${id} already exists. Please use a different team id, or change it with POST /team/update.`,
      { param: 'team_id' },
    )
  }
  await setMemberDefaults(ask, row)
  const listed = (userIds: readonly string[] | null | undefined, role: string) =>
    (userIds ?? []).map((userId) => ({ user_id: userId, role }))
  const { warnings: said } = await addMembers(ask, row, [
    ...(sent.members_with_roles ?? []),
    ...listed(sent.admins, 'admin'),
    ...listed(sent.members, 'user'),
  ])
  return withWarnings(await shownTeam(ask, row), [
    ...warnings,
    ...said,
    ...warnOfModules(settings, house),
  ])
}

// What limits a team is its owners' to say, not its own admin's.
const ofTeamAdmins = [
  'team_id',
  'team_alias',
  'metadata',
  'tags',
  'model_aliases',
  'team_member_budget',
  'team_member_budget_duration',
  'team_member_rpm_limit',
  'team_member_tpm_limit',
  'team_member_key_duration',
  'team_member_permissions',
]

/** `POST /team/update`: what is sent changes, what is null is cleared. */
export async function updateTeam(ask: Ask): Promise<Answer> {
  const { actor, house } = ask
  const { sent, warnings } = readFields(updateTeamFields, ask.body)
  const row = await findTeam(ask, sent.team_id, true)
  const others = Object.keys(sent).filter((name) => !ofTeamAdmins.includes(name))
  requireAdminFor(actor, others, 'a team')
  const changed = settingsAfter(row.settings, sent, settingNames.team)
  // Limits of models are read from the metadata too.
  const limits = ['model_rpm_limit', 'model_tpm_limit'].filter(
    (name) => JSON.stringify(changed[name]) !== JSON.stringify(row.settings[name]),
  )
  requireAdminFor(actor, limits, 'a team')
  const settings = withAliases(changed, sent)
  const updated = await change(ask, row, {
    alias: sent.team_alias === undefined ? row.alias : sent.team_alias,
    settings,
    isBlocked: sent.blocked ?? row.isBlocked,
  })
  await setMemberDefaults(ask, updated)
  return withWarnings({ team_id: row.id, data: await shownTeam(ask, updated) }, [
    ...warnings,
    ...warnOfModules(settings, house),
  ])
}

/** `POST /team/block` and `/team/unblock`. */
export function blockTeam(isBlocked: boolean): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    const { sent, warnings } = readFields(teamFields, ask.body)
    const row = await findTeam(ask, sent.team_id, true)
    return withWarnings(
      await shownTeam(ask, await change(ask, row, { ...row, isBlocked })),
      warnings,
    )
  }
}

/** `POST /team/delete {team_ids}`: all of them or none; their keys end at once. */
export async function deleteTeams(ask: Ask): Promise<Answer> {
  const { accounts, actor } = ask
  const { sent, warnings } = readFields(teamsFields, ask.body)
  const ids = [...new Set(need(sent.team_ids, 'team_ids', 'a list of ids of teams'))]
  const found = await accounts.teams.find(ids, true)
  const missing = ids.filter((id) => found.every((team) => team.id !== id))
  if (missing.length > 0) throw noTeam(missing[0] ?? '')
  const keys = await accounts.keys.remove({ teamIds: ids }, actor.name)
  await accounts.teams.remove(ids)
  for (const id of ids) await accounts.budgets.remove(memberBudgetName({ id }))
  return withWarnings({ deleted_teams: ids, deleted_keys: keys }, warnings)
}

/** `POST /team/model/add` and `/team/model/delete {team_id, models}`. */
export function changeModels(way: 'add' | 'delete'): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    const { sent, warnings } = readFields(teamModelFields, ask.body)
    const models = need(sent.models, 'models', 'a list of names of models')
    const row = await findTeam(ask, sent.team_id, true)
    const before = textsIn(row.settings, 'models')
    const after =
      way === 'add'
        ? [...new Set([...before, ...models])]
        : before.filter((model) => !models.includes(model))
    if (way === 'delete' && after.length === 0 && before.length > 0) after.push('no-default-models')
    const settings = { ...row.settings, models: after }
    return withWarnings(
      await shownTeam(ask, await change(ask, row, { ...row, settings })),
      warnings,
    )
  }
}

async function change(ask: Ask, row: TeamRow, columns: TeamColumns): Promise<TeamRow> {
  const updated = await ask.accounts.teams.update(row.id, columns, ask.actor.name)
  if (updated) return updated
  throw noTeam(row.id)
}

function withAliases(
  settings: TeamColumns['settings'],
  { model_aliases: aliases }: { readonly model_aliases?: unknown },
): TeamColumns['settings'] {
  return aliases === undefined ? settings : { ...settings, aliases: aliases ?? {} }
}
