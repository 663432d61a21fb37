import { randomUUID } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import type { MemberColumns, MemberRow } from '../storage/members.ts'
import type { TeamRow } from '../storage/teams.ts'
import type { UserRow } from '../storage/users.ts'
import { memberAddFields, memberDeleteFields, memberUpdateFields } from './account-fields.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { budgetsOf } from './key-parts.ts'
import { need, readFields, type Sent } from './read-fields.ts'
import { spendOf } from './spend-of.ts'
import { findTeam, shownTeam } from './find-teams.ts'
import { membershipShape } from './team-shape.ts'
import { settingsAfter } from './settings.ts'
import { userShape } from './user-shape.ts'

type Limits = Pick<
  Sent<typeof memberUpdateFields>,
  'max_budget_in_team' | 'budget_duration' | 'rpm_limit' | 'tpm_limit'
>

/** `POST /team/member_add {team_id, member}`: one member or a list, by id or e-mail; users are made where there are none. */
export async function memberAdd(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(memberAddFields, ask.body)
  const team = await findTeam(ask, sent.team_id, true)
  const members = need(sent.member, 'member', 'a member {user_id or user_email, role}, or a list')
  const { users, warnings: said } = await addMembers(ask, team, members, sent)
  const ids = users.map(({ id }) => id)
  const all = await ask.accounts.members.find({ userIds: ids })
  return withWarnings(
    {
      ...(await shownTeam(ask, team)),
      updated_users: users.map((user) =>
        userShape(
          user,
          all.filter(({ userId }) => userId === user.id).map(({ teamId }) => teamId),
        ),
      ),
      updated_team_memberships: await shownMembers(
        ask,
        all.filter(({ teamId }) => teamId === team.id),
      ),
    },
    [...warnings, ...said],
  )
}

/** `POST /team/member_update`: role and limits of one member. */
export async function memberUpdate(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(memberUpdateFields, ask.body)
  const team = await findTeam(ask, sent.team_id, true)
  const row = await findMember(ask, team, sent)
  const settings = settingsAfter(row.settings, limitsOf(sent), Object.keys(limitsOf(sent)))
  const after = { ...row, role: sent.role ?? row.role, settings }
  await ask.accounts.members.update(after)
  return withWarnings(
    {
      team_id: team.id,
      user_id: row.userId,
      user_email: row.email,
      role: after.role,
      max_budget_in_team: settings['max_budget'] ?? null,
      budget_duration: settings['budget_duration'] ?? null,
      rpm_limit: settings['rpm_limit'] ?? null,
      tpm_limit: settings['tpm_limit'] ?? null,
    },
    warnings,
  )
}

/** `POST /team/member_delete`: out of the team; keys that the member has in it end. */
export async function memberDelete(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(memberDeleteFields, ask.body)
  const { accounts, actor } = ask
  const team = await findTeam(ask, sent.team_id, true)
  const { userId } = await findMember(ask, team, sent)
  await accounts.members.remove(team.id, [userId])
  const { rows } = await accounts.keys.list(
    { teamId: team.id, userId },
    { by: 'created_at', isAscending: true },
    { offset: 0, limit: 10_000 },
  )
  await accounts.keys.remove({ ids: rows.map(({ id }) => id) }, actor.name)
  return withWarnings(await shownTeam(ask, team), warnings)
}

/** Puts users into a team, each made where it is not known yet; gives them, and what there is to say. */
export async function addMembers(
  ask: Ask,
  team: TeamRow,
  members: readonly Readonly<Record<string, unknown>>[],
  limits: Limits = {},
): Promise<{ readonly users: readonly UserRow[]; readonly warnings: readonly string[] }> {
  const users: UserRow[] = []
  const warnings: string[] = []
  for (const member of members) {
    const user = await ensureMember(ask, textOf(member['user_id']), textOf(member['user_email']))
    const role = member['role'] === 'admin' ? 'admin' : 'user'
    const settings = settingsAfter({}, limitsOf(limits), Object.keys(limitsOf(limits)))
    const columns: MemberColumns = {
      teamId: team.id,
      userId: user.id,
      role,
      budgetId: memberBudgetId(team),
      settings,
    }
    if (!(await ask.accounts.members.add(columns))) {
      warnings.push(`${user.id} is in the team already: POST /team/member_update changes its place`)
    }
    users.push(user)
  }
  return { users, warnings }
}

/** Memberships with what has been spent in them. */
export async function shownMembers(
  { accounts, house }: Pick<Ask, 'accounts' | 'house'>,
  rows: readonly MemberRow[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const idOf = ({ teamId, userId }: MemberRow) => `${teamId}/${userId}`
  const budget = await budgetsOf(accounts, rows)
  const spenders = rows.map((row) => ({
    id: idOf(row),
    settings: row.settings,
    budget: budget(row.budgetId)?.settings,
  }))
  const spent = await spendOf({ accounts, house }, 'member', spenders)
  return rows.map((row) => membershipShape(row, spent(idOf(row)), budget(row.budgetId)?.settings))
}

const ofMembers = {
  team_member_budget: 'max_budget',
  team_member_budget_duration: 'budget_duration',
  team_member_rpm_limit: 'rpm_limit',
  team_member_tpm_limit: 'tpm_limit',
} as const

/** What each member of a team may use stands in a budget of its own, to which all members refer. */
export async function setMemberDefaults(
  { accounts, actor }: Pick<Ask, 'accounts' | 'actor'>,
  team: TeamRow,
): Promise<void> {
  const id = memberBudgetId(team)
  if (id === null) return void (await accounts.budgets.remove(memberBudgetName(team)))
  const entries = Object.entries(ofMembers).flatMap(([from, to]) => {
    const value = team.settings[from]
    return value === undefined ? [] : [[to, value] as const]
  })
  const settings = Object.fromEntries(entries)
  const added = await accounts.budgets.add(id, settings, actor.name)
  if (!added) await accounts.budgets.update(id, settings, actor.name)
  const members = await accounts.members.find({ teamIds: [team.id] })
  for (const member of members.filter(({ budgetId }) => budgetId === null)) {
    await accounts.members.update({ ...member, budgetId: id })
  }
}

function memberBudgetId(team: TeamRow): string | null {
  const isSet = Object.keys(ofMembers).some((name) => team.settings[name] !== undefined)
  return isSet ? memberBudgetName(team) : null
}

/** The budget in which stands what each member of a team may use. */
export function memberBudgetName({ id }: Pick<TeamRow, 'id'>): string {
  return `team-member-budget:${id}`
}

async function ensureMember(
  { accounts, actor }: Ask,
  id: string | undefined,
  email: string | undefined,
): Promise<UserRow> {
  if (id === undefined && email === undefined) {
    throw new GatewayError(
      'invalid_request',
      'member: expected user_id or user_email, found neither',
      { param: 'member' },
    )
  }
  const [known] = await accounts.users.find(
    id === undefined ? { emails: [email ?? ''] } : { ids: [id] },
  )
  if (known) return known
  const added = await accounts.users.add(
    id ?? randomUUID(),
    { alias: null, email: email ?? null, role: 'internal_user', settings: {}, isBlocked: false },
    actor.name,
  )
  if (added) return added
  throw new GatewayError('invalid_request', 'Somebody else made this user just now: ask again.')
}

async function findMember(
  { accounts }: Ask,
  team: TeamRow,
  sent: { readonly user_id?: string | null; readonly user_email?: string | null },
): Promise<MemberRow> {
  if (!sent.user_id && !sent.user_email) need(undefined, 'user_id', 'user_id or user_email')
  const members = await accounts.members.find({ teamIds: [team.id] })
  const email = sent.user_email?.toLowerCase()
  const found = members.find((member) =>
    sent.user_id ? member.userId === sent.user_id : member.email?.toLowerCase() === email,
  )
  if (found) return found
  throw new GatewayError(
    'not_found',
    `User ${sent.user_id ?? sent.user_email} is not in the team ${team.id}.`,
    { param: sent.user_id ? 'user_id' : 'user_email' },
  )
}

function limitsOf(sent: Limits): Readonly<Record<string, unknown>> {
  const { max_budget_in_team: max_budget, budget_duration, rpm_limit, tpm_limit } = sent
  const all = { max_budget, budget_duration, rpm_limit, tpm_limit }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
