import { keyColumns, type KeyRow } from './keys.ts'
import { anywhere, isoOf, statement, type Listed, type Page, type Queries } from './row-text.ts'

/** A key that is no more. */
export interface DeletedKeyRow extends Pick<
  KeyRow,
  'id' | 'name' | 'alias' | 'userId' | 'teamId' | 'settings' | 'createdAt'
> {
  readonly deletedAt: string
  readonly deletedBy: string | null
}

/** Which keys a list is of; what is absent is not asked about. */
export interface KeyFilter {
  readonly userId?: string | undefined
  /** Beside the user's own, keys of these teams. */
  readonly orTeamIds?: readonly string[] | undefined
  readonly teamId?: string | undefined
  /** Only keys of these teams, or this one key. */
  readonly visible?: { readonly teamIds: readonly string[]; readonly id: string } | undefined
  readonly organizationId?: string | undefined
  readonly ids?: readonly string[] | undefined
  readonly alias?: string | undefined
  /** Anywhere in its alias, name, user or team. */
  readonly search?: string | undefined
  readonly status?: 'active' | 'expired' | 'revoked' | undefined
}

const orders = {
  created_at: 'k.created_at',
  updated_at: 'k.updated_at',
  key_alias: 'k.alias',
  key_name: 'k.name',
  user_id: 'k.user_id',
  team_id: 'k.team_id',
  expires: 'k.expires_at',
  max_budget: `k.settings->'max_budget'`,
  token: 'k.id',
} as const

export const keyOrders = Object.keys(orders)

/** Where a list begins, and in what order it goes. */
export interface KeyOrder {
  readonly by: string
  readonly isAscending: boolean
}

const filter = `
  ($1::text is null or k.user_id = $1 or k.team_id = any($10::text[]))
  and ($2::text is null or k.team_id = $2)
  and ($3::text[] is null or k.team_id = any($3) or k.id = $4) and ($5::text[] is null or k.id = any($5))
  and ($6::text is null or k.alias ilike $6)
  and ($7::text is null or k.alias ilike $7 or k.name ilike $7 or k.user_id ilike $7 or k.team_id ilike $7)
  and ($8::text is null or $8 = case when k.is_blocked then 'revoked'
    when k.expires_at <= now() then 'expired' else 'active' end)
  and ($9::text is null or k.settings->>'organization_id' = $9)`

/** One page of keys. */
export async function listKeys(
  queries: Queries,
  asked: KeyFilter,
  order: KeyOrder,
  page: Page,
): Promise<Listed<KeyRow>> {
  const values = filterValues(asked)
  const by = Object.entries(orders).find(([name]) => name === order.by)?.[1] ?? orders.created_at
  const way = order.isAscending ? 'asc' : 'desc'
  const { rows } = await queries.query<KeyRow>(
    statement(
      `select ${keyColumns} from colonnade.keys k where ${filter}
       order by ${by} ${way} nulls last, k.id ${way} limit $11 offset $12`,
      [...values, page.limit, page.offset],
    ),
  )
  const counted = await queries.query<{ total: number }>(
    statement(`select count(*)::int as total from colonnade.keys k where ${filter}`, values),
  )
  return { rows, total: counted.rows[0]?.total ?? 0 }
}

/** Names that keys have been given, in order. */
export async function listAliases(
  queries: Queries,
  asked: KeyFilter,
  page: Page,
): Promise<Listed<string>> {
  const values = filterValues(asked)
  const { rows } = await queries.query<{ alias: string; total: number }>(
    statement(
      `select k.alias, (count(*) over ())::int as total from colonnade.keys k
       where ${filter} and k.alias is not null order by k.alias limit $11 offset $12`,
      [...values, page.limit, page.offset],
    ),
  )
  return { rows: rows.map(({ alias }) => alias), total: rows[0]?.total ?? 0 }
}

/** One page of keys that were deleted or replaced, the last ones first. */
export async function listDeletedKeys(
  queries: Queries,
  asked: KeyFilter,
  page: Page,
): Promise<Listed<DeletedKeyRow>> {
  const { rows } = await queries.query<DeletedKeyRow & { total: number }>(
    statement(
      `select k.id, k.name, k.alias, k.user_id as "userId", k.team_id as "teamId", k.settings,
         ${isoOf('k.created_at', 'createdAt')}, ${isoOf('k.deleted_at', 'deletedAt')},
         k.deleted_by as "deletedBy", (count(*) over ())::int as total
       from colonnade.deleted_keys k
       where ($1::text is null or k.user_id = $1) and ($2::text is null or k.team_id = $2)
         and ($3::text[] is null or k.team_id = any($3)) and ($4::text[] is null or k.id = any($4))
         and ($5::text is null or k.alias ilike $5)
       order by k.deleted_at desc, k.id limit $6 offset $7`,
      [
        asked.userId,
        asked.teamId,
        asked.visible?.teamIds,
        asked.ids,
        anywhere(asked.alias ?? asked.search),
        page.limit,
        page.offset,
      ],
    ),
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

function filterValues(asked: KeyFilter): unknown[] {
  return [
    asked.userId,
    asked.teamId,
    asked.visible?.teamIds,
    asked.visible?.id,
    asked.ids,
    anywhere(asked.alias),
    anywhere(asked.search),
    asked.status,
    asked.organizationId,
    asked.orTeamIds ?? [],
  ]
}
