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

/** What may be changed of a user. */
export interface UserColumns {
  readonly alias: string | null
  readonly email: string | null
  /** LiteLLM's words: `proxy_admin`, `internal_user`, … */
  readonly role: string
  readonly settings: SettingsJson
  readonly isBlocked: boolean
}

export interface UserRow extends UserColumns, RowHistory {
  readonly id: string
}

const columns = `u.id, u.alias, u.email, u.role, u.settings, u.is_blocked as "isBlocked", ${historyOf('u')}`

/** Stores a new user; undefined where there is one of this id. */
export async function addUser(
  queries: Queries,
  id: string,
  user: UserColumns,
  by: string,
): Promise<UserRow | undefined> {
  const { rows } = await queries.query<UserRow>(
    statement(
      `insert into colonnade.users as u (id, alias, email, role, settings, is_blocked, created_by, updated_by)
       values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (id) do nothing returning ${columns}`,
      [id, ...valuesOf(user), by],
    ),
  )
  return rows[0]
}

/** Writes a user anew; undefined where there is none. */
export async function updateUser(
  queries: Queries,
  id: string,
  user: UserColumns,
  by: string,
): Promise<UserRow | undefined> {
  const { rows } = await queries.query<UserRow>(
    statement(
      `update colonnade.users as u set alias = $2, email = $3, role = $4, settings = $5, is_blocked = $6,
         updated_by = $7, updated_at = now() where u.id = $1 returning ${columns}`,
      [id, ...valuesOf(user), by],
    ),
  )
  return rows[0]
}

/** Users by id or e-mail; `isForChange` keeps others from changing them meanwhile. */
export async function findUsers(
  queries: Queries,
  by: { readonly ids?: readonly string[]; readonly emails?: readonly string[] },
  isForChange = false,
): Promise<readonly UserRow[]> {
  const emails = by.emails?.map((email) => email.toLowerCase()) ?? []
  const { rows } = await queries.query<UserRow>(
    statement(
      `select ${columns} from colonnade.users u
       where u.id = any($1::text[]) or (u.email is not null and lower(u.email) = any($2::text[]))
       order by u.id ${isForChange ? 'for update' : ''}`,
      [by.ids ?? [], emails],
    ),
  )
  return rows
}

/** Which users a list is of; what is absent is not asked about. */
export interface UserFilter {
  readonly ids?: readonly string[] | undefined
  readonly role?: string | undefined
  /** Anywhere in it. */
  readonly email?: string | undefined
  readonly teamId?: string | undefined
}

const orders = {
  created_at: 'u.created_at',
  updated_at: 'u.updated_at',
  user_id: 'u.id',
  user_email: 'u.email',
  user_alias: 'u.alias',
  user_role: 'u.role',
  max_budget: `u.settings->'max_budget'`,
} as const

export const userOrders = Object.keys(orders)

/** One page of users, each with the number of its keys. */
export async function listUsers(
  queries: Queries,
  asked: UserFilter,
  order: { readonly by: string; readonly isAscending: boolean },
  page: Page,
): Promise<Listed<UserRow & { readonly keys: number }>> {
  const by = Object.entries(orders).find(([name]) => name === order.by)?.[1] ?? orders.created_at
  const way = order.isAscending ? 'asc' : 'desc'
  const { rows } = await queries.query<UserRow & { keys: number; total: number }>(
    statement(
      `select ${columns}, (count(*) over ())::int as total,
         (select count(*)::int from colonnade.keys k where k.user_id = u.id) as keys
       from colonnade.users u
       where ($1::text[] is null or u.id = any($1)) and ($2::text is null or u.role = $2)
         and ($3::text is null or u.email ilike $3)
         and ($4::text is null or exists
           (select from colonnade.team_members m where m.user_id = u.id and m.team_id = $4))
       order by ${by} ${way} nulls last, u.id ${way} limit $5 offset $6`,
      [asked.ids, asked.role, anywhere(asked.email), asked.teamId, page.limit, page.offset],
    ),
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

/** Deletes users, and takes them out of their teams; gives the ids of those there were. */
export async function removeUsers(
  queries: Queries,
  ids: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await queries.query<{ id: string }>(
    statement('delete from colonnade.users where id = any($1::text[]) returning id', [ids]),
  )
  return rows.map(({ id }) => id)
}

function valuesOf({ alias, email, role, settings, isBlocked }: UserColumns): unknown[] {
  return [alias, email, role, JSON.stringify(settings), isBlocked]
}
