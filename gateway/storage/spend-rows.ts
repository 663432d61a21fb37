import type { Queries } from './row-text.ts'
import type { SpendFilter } from './spend-sums.ts'
import { timed } from './transaction.ts'

/** One exchange as it was stored. Times are ISO 8601. */
export interface SpendRow {
  readonly id: string
  readonly startedAt: string
  readonly endedAt: string
  readonly firstByteAt: string | null
  readonly durationMs: number
  readonly module: string
  readonly endpoint: string
  readonly model: string
  readonly deploymentId: string | null
  readonly provider: string | null
  readonly upstreamModel: string | null
  readonly caller: string
  readonly userId: string | null
  readonly teamId: string | null
  readonly endUser: string | null
  readonly tags: readonly string[] | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly totalTokens: number | null
  readonly cachedTokens: number | null
  readonly reasoningTokens: number | null
  readonly images: number | null
  readonly characters: number | null
  readonly audioSeconds: number | null
  readonly costNano: number | null
  readonly status: number
  readonly outcome: string
  readonly attempts: number
  readonly isStream: boolean
}

export interface RowFilter extends SpendFilter {
  readonly id?: string | undefined
  readonly endUser?: string | undefined
  readonly tag?: string | undefined
}

const timeoutMs = 5000

const conditions = `
  ($1::date is null or started_at >= $1::timestamp at time zone 'UTC')
  and ($2::date is null or started_at < ($2::date + 1)::timestamp at time zone 'UTC')
  and ($3::text[] is null or module = any($3)) and ($4::text[] is null or caller = any($4))
  and ($5::text[] is null or user_id = any($5)) and ($6::text[] is null or team_id = any($6))
  and ($7::uuid is null or id = $7) and ($8::text is null or end_user = $8)
  and ($9::text is null or $9 = any(tags))`

/** A page of exchanges, the newest first. */
export async function findSpendRows(
  queries: Queries,
  filter: RowFilter,
  page: { readonly offset: number; readonly limit: number },
): Promise<readonly SpendRow[]> {
  const { rows } = await queries.query<SpendRow>(
    timed(
      `select id, ${iso('started_at')} as "startedAt",
         ${iso(`started_at + duration_ms * interval '1 ms'`)} as "endedAt",
         ${iso(`started_at + first_byte_ms * interval '1 ms'`)} as "firstByteAt", duration_ms as "durationMs",
         module, endpoint, model, deployment_id as "deploymentId", provider, upstream_model as "upstreamModel",
         caller, user_id as "userId", team_id as "teamId", end_user as "endUser", tags,
         prompt_tokens::float8 as "promptTokens", completion_tokens::float8 as "completionTokens",
         total_tokens::float8 as "totalTokens", cached_tokens::float8 as "cachedTokens",
         reasoning_tokens::float8 as "reasoningTokens", images::float8 as images, characters::float8 as characters,
         audio_seconds as "audioSeconds", cost_nano::float8 as "costNano", status, outcome, attempts,
         is_stream as "isStream"
       from colonnade.spend_logs where ${conditions}
       order by started_at desc, spend_logs.id desc limit $10 offset $11`,
      [...valuesOf(filter), page.limit, page.offset],
      timeoutMs,
    ),
  )
  return rows
}

const mostCounted = 100_000

/** How many exchanges there are; of very many, 100,000. */
export async function countSpendRows(queries: Queries, filter: RowFilter): Promise<number> {
  const { rows } = await queries.query<{ n: number }>(
    timed(
      `select count(*)::integer as n from (
         select from colonnade.spend_logs where ${conditions} limit ${mostCounted}
       ) as found`,
      valuesOf(filter),
      timeoutMs,
    ),
  )
  return rows[0]?.n ?? 0
}

function valuesOf({ from, to, modules, callers, users, teams, id, endUser, tag }: RowFilter) {
  return [from, to, modules, callers, users, teams, id, endUser, tag]
}

function iso(time: string): string {
  return `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
