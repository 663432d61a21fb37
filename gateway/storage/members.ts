import { statement, type Queries, type SettingsJson } from './row-text.ts'

/** A user's place in a team. */
export interface MemberRow {
  readonly teamId: string
  readonly userId: string
  readonly email: string | null
  /** `admin` or `user`, of this team. */
  readonly role: string
  readonly budgetId: string | null
  readonly settings: SettingsJson
}

export type MemberColumns = Pick<MemberRow, 'teamId' | 'userId' | 'role' | 'budgetId' | 'settings'>

const columns = `m.team_id as "teamId", m.user_id as "userId", u.email, m.role, m.budget_id as "budgetId", m.settings`

/** Puts a user into a team; false where it is in it already. */
export async function addMember(queries: Queries, member: MemberColumns): Promise<boolean> {
  const { rowCount } = await queries.query(
    statement(
      `insert into colonnade.team_members (team_id, user_id, role, budget_id, settings)
       values ($1, $2, $3, $4, $5) on conflict do nothing`,
      valuesOf(member),
    ),
  )
  return rowCount === 1
}

/** Writes a member anew. */
export async function updateMember(queries: Queries, member: MemberColumns): Promise<void> {
  await queries.query(
    statement(
      `update colonnade.team_members set role = $3, budget_id = $4, settings = $5
       where team_id = $1 and user_id = $2`,
      valuesOf(member),
    ),
  )
}

/** Who is in these teams, or in which teams these users are. */
export async function findMembers(
  queries: Queries,
  of: { readonly teamIds?: readonly string[]; readonly userIds?: readonly string[] },
): Promise<readonly MemberRow[]> {
  const { rows } = await queries.query<MemberRow>(
    statement(
      `select ${columns} from colonnade.team_members m join colonnade.users u on u.id = m.user_id
       where m.team_id = any($1::text[]) or m.user_id = any($2::text[]) order by m.team_id, m.role, m.user_id`,
      [of.teamIds ?? [], of.userIds ?? []],
    ),
  )
  return rows
}

/** Takes users out of a team; gives the ids of those who were in it. */
export async function removeMembers(
  queries: Queries,
  teamId: string,
  userIds: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await queries.query<{ id: string }>(
    statement(
      `delete from colonnade.team_members where team_id = $1 and user_id = any($2::text[])
       returning user_id as id`,
      [teamId, userIds],
    ),
  )
  return rows.map(({ id }) => id)
}

function valuesOf({ teamId, userId, role, budgetId, settings }: MemberColumns): unknown[] {
  return [teamId, userId, role, budgetId, JSON.stringify(settings)]
}
