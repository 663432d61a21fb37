import {
  anywhere,
  historyOf,
  statement,
  type Listed,
  type Page,
  type Queries,
  type RowHistory,
  type SettingsJson,
} from './row-text.ts'

/** What may be changed of a team. */
export interface TeamColumns {
  readonly alias: string | null
  readonly settings: SettingsJson
  readonly isBlocked: boolean
}

export interface TeamRow extends TeamColumns, RowHistory {
  readonly id: string
}

const columns = `t.id, t.alias, t.settings, t.is_blocked as "isBlocked", ${historyOf('t')}`

/** Stores a new team; undefined where there is one of this id. */
export async function addTeam(
  queries: Queries,
  id: string,
  team: TeamColumns,
  by: string,
): Promise<TeamRow | undefined> {
  const { rows } = await queries.query<TeamRow>(
    statement(
      `insert into colonnade.teams as t (id, alias, settings, is_blocked, created_by, updated_by)
       values ($1, $2, $3, $4, $5, $5) on conflict (id) do nothing returning ${columns}`,
      [id, team.alias, JSON.stringify(team.settings), team.isBlocked, by],
    ),
  )
  return rows[0]
}

/** Writes a team anew; undefined where there is none. */
export async function updateTeam(
  queries: Queries,
  id: string,
  team: TeamColumns,
  by: string,
): Promise<TeamRow | undefined> {
  const { rows } = await queries.query<TeamRow>(
    statement(
      `update colonnade.teams as t set alias = $2, settings = $3, is_blocked = $4, updated_by = $5, updated_at = now()
       where t.id = $1 returning ${columns}`,
      [id, team.alias, JSON.stringify(team.settings), team.isBlocked, by],
    ),
  )
  return rows[0]
}

/** Teams by id; `isForChange` keeps others from changing them meanwhile. */
export async function findTeams(
  queries: Queries,
  ids: readonly string[],
  isForChange = false,
): Promise<readonly TeamRow[]> {
  const { rows } = await queries.query<TeamRow>(
    statement(
      `select ${columns} from colonnade.teams t where t.id = any($1::text[]) order by t.id
       ${isForChange ? 'for update' : ''}`,
      [ids],
    ),
  )
  return rows
}

/** Which teams a list is of; what is absent is not asked about. */
export interface TeamFilter {
  readonly ids?: readonly string[] | undefined
  readonly userId?: string | undefined
  readonly organizationId?: string | undefined
  /** Anywhere in it. */
  readonly alias?: string | undefined
}

const orders = {
  created_at: 't.created_at',
  updated_at: 't.updated_at',
  team_alias: 't.alias',
  team_id: 't.id',
  max_budget: `t.settings->'max_budget'`,
} as const

export const teamOrders = Object.keys(orders)

/** One page of teams. */
export async function listTeams(
  queries: Queries,
  asked: TeamFilter,
  order: { readonly by: string; readonly isAscending: boolean },
  page: Page,
): Promise<Listed<TeamRow>> {
  const by = Object.entries(orders).find(([name]) => name === order.by)?.[1] ?? orders.created_at
  const way = order.isAscending ? 'asc' : 'desc'
  const { rows } = await queries.query<TeamRow & { total: number }>(
    statement(
      `select ${columns}, (count(*) over ())::int as total from colonnade.teams t
       where ($1::text[] is null or t.id = any($1))
         and ($2::text is null or exists
           (select from colonnade.team_members m where m.team_id = t.id and m.user_id = $2))
         and ($3::text is null or t.settings->>'organization_id' = $3) and ($4::text is null or t.alias ilike $4)
       order by ${by} ${way} nulls last, t.id ${way} limit $5 offset $6`,
      [
        asked.ids,
        asked.userId,
        asked.organizationId,
        anywhere(asked.alias),
        page.limit,
        page.offset,
      ],
    ),
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

/** Deletes teams, and with them who is in them; gives the ids of those there were. */
export async function removeTeams(
  queries: Queries,
  ids: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await queries.query<{ id: string }>(
    statement('delete from colonnade.teams where id = any($1::text[]) returning id', [ids]),
  )
  return rows.map(({ id }) => id)
}
