import {
  historyOf,
  isoOf,
  statement,
  type Queries,
  type RowHistory,
  type SettingsJson,
} from './row-text.ts'

/** What may be changed of a virtual key. */
export interface KeyColumns {
  readonly name: string
  readonly alias: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly budgetId: string | null
  readonly settings: SettingsJson
  readonly isBlocked: boolean
  /** ISO 8601. */
  readonly expiresAt: string | null
}

export interface KeyRow extends KeyColumns, RowHistory {
  /** The key's HMAC, hexadecimal. */
  readonly id: string
}

/** The columns of a key. */
export const keyColumns = `k.id, k.name, k.alias, k.user_id as "userId", k.team_id as "teamId", k.budget_id as "budgetId",
  k.settings, k.is_blocked as "isBlocked", ${isoOf('k.expires_at', 'expiresAt')}, ${historyOf('k')}`

/** Stores a new key, made under the salt key of this id; one that takes the place of another was made when that was. */
export async function addKey(
  queries: Queries,
  saltId: string | undefined,
  id: string,
  key: KeyColumns,
  by: string,
  before?: Pick<KeyRow, 'createdAt' | 'createdBy'>,
): Promise<KeyRow> {
  const { rows } = await queries.query<KeyRow>(
    statement(
      `insert into colonnade.keys as k (id, name, alias, user_id, team_id, budget_id, settings, is_blocked, expires_at,
         created_by, updated_by, created_at, salt_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($11, $10), $10, coalesce($12::timestamptz, now()), $13)
       returning ${keyColumns}`,
      [id, ...valuesOf(key), by, before?.createdBy, before?.createdAt, saltId],
    ),
  )
  return only(rows)
}

/** Writes a key anew. */
export async function updateKey(
  queries: Queries,
  id: string,
  key: KeyColumns,
  by: string,
): Promise<KeyRow> {
  const { rows } = await queries.query<KeyRow>(
    statement(
      `update colonnade.keys as k set name = $2, alias = $3, user_id = $4, team_id = $5, budget_id = $6,
         settings = $7, is_blocked = $8, expires_at = $9, updated_by = $10, updated_at = now()
       where k.id = $1 returning ${keyColumns}`,
      [id, ...valuesOf(key), by],
    ),
  )
  return only(rows)
}

/** Keys by id or alias; `isForChange` keeps others from changing them meanwhile. */
export async function findKeys(
  queries: Queries,
  by: { readonly ids?: readonly string[]; readonly aliases?: readonly string[] },
  isForChange = false,
): Promise<readonly KeyRow[]> {
  const { rows } = await queries.query<KeyRow>(
    statement(
      `select ${keyColumns} from colonnade.keys k where k.id = any($1::text[]) or k.alias = any($2::text[])
       order by k.id ${isForChange ? 'for update' : ''}`,
      [by.ids ?? [], by.aliases ?? []],
    ),
  )
  return rows
}

/** Deletes keys and remembers their names, so that what they spent still has one. */
export async function removeKeys(
  queries: Queries,
  of: {
    readonly ids?: readonly string[]
    readonly teamIds?: readonly string[]
    readonly userIds?: readonly string[]
  },
  by: string,
): Promise<readonly string[]> {
  const { rows } = await queries.query<{ id: string }>(
    statement(
      `with gone as (
         delete from colonnade.keys k
         where k.id = any($1::text[]) or k.team_id = any($2::text[]) or k.user_id = any($3::text[]) returning k.*
       )
       insert into colonnade.deleted_keys (id, name, alias, user_id, team_id, settings, created_at, deleted_by)
         select id, name, alias, user_id, team_id, settings, created_at, $4 from gone
         on conflict (id) do update set name = excluded.name, alias = excluded.alias, user_id = excluded.user_id,
           team_id = excluded.team_id, settings = excluded.settings, created_at = excluded.created_at,
           deleted_at = now(), deleted_by = excluded.deleted_by
         returning id`,
      [of.ids ?? [], of.teamIds ?? [], of.userIds ?? [], by],
    ),
  )
  return rows.map(({ id }) => id)
}

function valuesOf(key: KeyColumns): unknown[] {
  const { name, alias, userId, teamId, budgetId, settings, isBlocked, expiresAt } = key
  return [name, alias, userId, teamId, budgetId, JSON.stringify(settings), isBlocked, expiresAt]
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('a row that was there is gone')
  return row
}
