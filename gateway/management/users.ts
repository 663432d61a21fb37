import { randomUUID } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import type { UserRow } from '../storage/users.ts'
import {
  newUserFields,
  roles,
  settingNames,
  updateUserFields,
  usersFields,
} from './account-fields.ts'
import { notAllowed } from './actor.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { warnOfModules } from './key-parts.ts'
import { keyShape } from './key-shape.ts'
import { makeKey } from './make-key.ts'
import { orderOf, pageOf } from './pages.ts'
import { need, readFields, type Sent } from './read-fields.ts'
import { shownWith } from './read-keys.ts'
import { settingsAfter } from './settings.ts'
import { settingsWithSpend, spendOf } from './spend-of.ts'
import { addMembers } from './team-members.ts'
import { findTeam, shownTeams } from './find-teams.ts'
import { userShape } from './user-shape.ts'

type NewUser = Sent<typeof newUserFields>

/** `POST /user/new`: a user, in teams where some are named, and a key of it unless `auto_create_key` is false. */
export async function newUser(ask: Ask): Promise<Answer> {
  const { accounts, actor, house } = ask
  const { sent, warnings } = readFields(newUserFields, ask.body)
  const id = sent.user_id ?? randomUUID()
  const settings = settingsAfter({}, sent, settingNames.user)
  const row = await accounts.users.add(
    id,
    {
      alias: sent.user_alias ?? null,
      email: sent.user_email ?? null,
      role: sent.user_role ?? 'internal_user',
      settings: await withSpend(ask, id, settings, sent.spend),
      isBlocked: sent.blocked ?? false,
    },
    actor.name,
  )
  if (!row) {
    throw new GatewayError(
      'invalid_request',
      `User with id ${id} already exists: use another user_id, or change it with POST /user/update.`,
      { param: 'user_id' },
    )
  }
  await joinTeams(ask, row, sent)
  const { metadata: _, ...shown } = await shownUser(ask, row)
  const said = [...warnings, ...warnOfModules(settings, house)]
  if (sent.auto_create_key === false)
    return withWarnings(
      { key: null, token: null, ...shown, metadata: settings['metadata'] ?? {} },
      said,
    )
  const { key_alias = null, duration = null, team_id = null, key: given = null } = sent
  const made = await makeKey(ask, { user_id: id, key_alias, duration, team_id, key: given }, [])
  const { key: raw, token, token_id, key_name, key_alias: alias, expires } = made
  return withWarnings(
    {
      ...shown,
      metadata: settings['metadata'] ?? {},
      key: raw,
      token,
      token_id,
      key_name,
      key_alias: alias,
      expires,
      team_id,
    },
    said,
  )
}

/** `POST /user/update`, by id or e-mail: what is sent changes, what is null is cleared. */
export async function updateUser(ask: Ask): Promise<Answer> {
  const { accounts, actor, house } = ask
  const { sent, warnings } = readFields(updateUserFields, ask.body)
  const row = await findUser(ask, sent)
  const settings = settingsAfter(row.settings, sent, settingNames.user)
  const updated = await accounts.users.update(
    row.id,
    {
      alias: sent.user_alias === undefined ? row.alias : sent.user_alias,
      email: sent.user_email === undefined ? row.email : sent.user_email,
      role: sent.user_role ?? row.role,
      settings: await withSpend(ask, row.id, settings, sent.spend),
      isBlocked: sent.blocked ?? row.isBlocked,
    },
    actor.name,
  )
  const data = await shownUser(ask, updated ?? row)
  return withWarnings({ user_id: row.id, data, ...data }, [
    ...warnings,
    ...warnOfModules(settings, house),
  ])
}

/** `POST /user/delete {user_ids}`: all of them or none; their keys end at once. */
export async function deleteUsers(ask: Ask): Promise<Answer> {
  const { accounts, actor } = ask
  const { sent, warnings } = readFields(usersFields, ask.body)
  const ids = [...new Set(need(sent.user_ids, 'user_ids', 'a list of ids of users'))]
  const found = await accounts.users.find({ ids }, true)
  const missing = ids.find((id) => found.every((user) => user.id !== id))
  if (missing !== undefined) throw noUser(missing)
  const keys = await accounts.keys.remove({ userIds: ids }, actor.name)
  await accounts.users.remove(ids)
  return withWarnings({ deleted_users: ids.length, deleted_keys: keys }, warnings)
}

const mostKeys = 1000

/** `GET /user/info?user_id=`: a user, its keys and its teams; without an id the caller's own. */
export async function userInfo(ask: Ask): Promise<Answer> {
  const { accounts, actor, query } = ask
  const id = query.text('user_id') ?? actor.userId
  if (!actor.isViewer && (id === undefined || id !== actor.userId)) {
    throw notAllowed('This key may ask about its own user: leave user_id out.', 'user_id')
  }
  const named = need(id, 'user_id', 'the id of a user')
  const [row] = await accounts.users.find({ ids: [named] })
  if (!row) throw noUser(named)
  const { rows: keys } = await accounts.keys.list(
    { userId: row.id },
    { by: 'created_at', isAscending: false },
    { offset: 0, limit: mostKeys },
  )
  const memberships = await accounts.members.find({ userIds: [row.id] })
  const teams = await accounts.teams.find(memberships.map(({ teamId }) => teamId))
  return {
    user_id: row.id,
    user_info: await shownUser(ask, row),
    keys: await shownWith(ask, keys, keyShape),
    teams: await shownTeams(ask, teams),
  }
}

/** `GET /user/list`, page by page. */
export async function listUsers(ask: Ask): Promise<Answer> {
  const { accounts, house, query } = ask
  const page = pageOf(query, { sizes: ['page_size', 'size'], usual: 25, most: 100 })
  const filter = {
    ids: query.text('user_ids')?.split(','),
    role: query.oneOf('role', roles),
    email: query.text('user_email'),
    teamId: query.text('team') ?? query.text('team_id'),
  }
  const order = orderOf(query, accounts.users.orders)
  const { rows, total } = await accounts.users.list(filter, order, page)
  const teams = Map.groupBy(
    await accounts.members.find({ userIds: rows.map(({ id }) => id) }),
    ({ userId }) => userId,
  )
  const spent = await spendOf({ accounts, house }, 'user', rows)
  return {
    users: rows.map((row) => ({
      ...userShape(row, teams.get(row.id)?.map(({ teamId }) => teamId) ?? [], spent(row.id)),
      key_count: row.keys,
    })),
    total,
    page: page.number,
    page_size: page.limit,
    total_pages: Math.ceil(total / page.limit),
  }
}

async function joinTeams(ask: Ask, user: UserRow, { teams }: NewUser): Promise<void> {
  for (const team of teams ?? []) {
    const place: Readonly<Record<string, unknown>> =
      typeof team === 'string' ? { team_id: team } : team
    const { team_id: id, max_budget_in_team: budget, user_role: role } = place
    const row = await findTeam(ask, typeof id === 'string' ? id : null, true)
    const limits = typeof budget === 'number' ? { max_budget_in_team: budget } : {}
    await addMembers(ask, row, [{ user_id: user.id, role }], limits)
  }
}

async function shownUser(
  { accounts, house }: Ask,
  row: UserRow,
): Promise<Readonly<Record<string, unknown>>> {
  const memberships = await accounts.members.find({ userIds: [row.id] })
  const spent = await spendOf({ accounts, house }, 'user', [row])
  return userShape(
    row,
    memberships.map(({ teamId }) => teamId),
    spent(row.id),
  )
}

async function withSpend(
  { accounts, house }: Ask,
  id: string,
  settings: UserRow['settings'],
  dollars: number | null | undefined,
): Promise<UserRow['settings']> {
  if (dollars === null || dollars === undefined) return settings
  return settingsWithSpend({ accounts, house }, 'user', { id, settings }, dollars)
}

async function findUser(
  { accounts }: Ask,
  { user_id: id, user_email: email }: Sent<typeof updateUserFields>,
): Promise<UserRow> {
  if (!id && !email) need(undefined, 'user_id', 'either user_id or user_email')
  const [row] = await accounts.users.find(id ? { ids: [id] } : { emails: [email ?? ''] }, true)
  if (row) return row
  throw noUser(id ?? email ?? '')
}

function noUser(name: string): GatewayError {
  return new GatewayError(
    'not_found',
    `User not found: there is no ${name}. GET /user/list names those there are.`,
    { param: 'user_id' },
  )
}
