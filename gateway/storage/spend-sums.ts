import type { Queries } from './row-text.ts'
import { timed } from './transaction.ts'

/** What sums can be told apart by. */
export type SpendPart = 'day' | 'module' | 'caller' | 'user' | 'team' | 'model' | 'provider'

/** Which exchanges; what is absent is not asked about. Days are `YYYY-MM-DD` in UTC, both ends in it. */
export interface SpendFilter {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly modules?: readonly string[] | undefined
  readonly callers?: readonly string[] | undefined
  readonly users?: readonly string[] | undefined
  readonly teams?: readonly string[] | undefined
}

/** What some exchanges come to. */
export interface SpendSum {
  /** The asked parts; empty where an exchange has none of it. */
  readonly parts: Readonly<Partial<Record<SpendPart, string>>>
  readonly requests: number
  readonly successes: number
  readonly unpriced: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
  readonly costNano: number
  readonly durationMs: number
}

const columns: Readonly<Record<SpendPart, string>> = {
  day: 'day::text',
  module: 'module',
  caller: 'caller',
  user: 'user_id',
  team: 'team_id',
  model: 'model',
  provider: 'provider',
}

const timeoutMs = 5000
const mostSums = 20_000

const sums = `sum(requests)::float8 as requests, sum(successes)::float8 as successes,
  sum(prompt_tokens)::float8 as "promptTokens", sum(completion_tokens)::float8 as "completionTokens",
  sum(total_tokens)::float8 as "totalTokens", sum(cost_nano)::float8 as "costNano"`
const moreSums = `sum(unpriced)::float8 as unpriced, sum(cached_tokens)::float8 as "cachedTokens",
  sum(reasoning_tokens)::float8 as "reasoningTokens", sum(duration_ms)::float8 as "durationMs"`

/** Sums of the days asked for, told apart by the parts asked for: days in order, else the dearest first. */
export async function sumSpend(
  queries: Queries,
  by: readonly SpendPart[],
  filter: SpendFilter,
  most = mostSums,
): Promise<readonly SpendSum[]> {
  const parts = by.map((part) => `${columns[part]} as "${part}"`)
  const groups = by.map((_, index) => index + 1).join(', ')
  const { rows } = await queries.query<
    Omit<SpendSum, 'parts'> & Partial<Record<SpendPart, string>>
  >(
    timed(
      `select ${[...parts, sums, moreSums].join(', ')} from colonnade.spend_days
       where ($1::date is null or day >= $1) and ($2::date is null or day <= $2)
         and ($3::text[] is null or module = any($3)) and ($4::text[] is null or caller = any($4))
         and ($5::text[] is null or user_id = any($5)) and ($6::text[] is null or team_id = any($6))
       ${groups === '' ? '' : `group by ${groups}`}
       order by ${by.includes('day') ? `"day", "costNano" desc` : '"costNano" desc nulls last, requests desc'}
       limit ${Math.trunc(most)}`,
      [filter.from, filter.to, filter.modules, filter.callers, filter.users, filter.teams],
      timeoutMs,
    ),
  )
  return rows.map((row) => ({
    ...row,
    ...zeroes(row),
    parts: Object.fromEntries(by.map((part) => [part, row[part] ?? ''])),
  }))
}

// Of no rows at all the sums are null.
function zeroes(row: object): Omit<SpendSum, 'parts'> {
  const count = (key: keyof Omit<SpendSum, 'parts'>): number => Number(Reflect.get(row, key) ?? 0)
  return {
    requests: count('requests'),
    successes: count('successes'),
    unpriced: count('unpriced'),
    promptTokens: count('promptTokens'),
    completionTokens: count('completionTokens'),
    totalTokens: count('totalTokens'),
    cachedTokens: count('cachedTokens'),
    reasoningTokens: count('reasoningTokens'),
    costNano: count('costNano'),
    durationMs: count('durationMs'),
  }
}

/** What the exchanges under a name that callers give come to. */
export interface NamedSum {
  readonly name: string
  /** Only where days are told apart. */
  readonly day?: string
  readonly requests: number
  readonly successes: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
  readonly costNano: number
}

export interface NamedFilter {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly names?: readonly string[] | undefined
  readonly isByDay?: boolean
}

/** Sums by tag, or by customer: the dearest first, or day by day. */
export async function sumNamed(
  queries: Queries,
  kind: 'tag' | 'customer',
  { from, to, names, isByDay = false }: NamedFilter,
): Promise<readonly NamedSum[]> {
  const { rows } = await queries.query<NamedSum>(
    timed(
      `select name${isByDay ? ', day::text as day' : ''}, ${sums} from colonnade.spend_names
       where kind = $1 and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
         and ($4::text[] is null or name = any($4))
       group by ${isByDay ? '1, 2 order by 2,' : '1 order by'} "costNano" desc, requests desc, 1
       limit ${mostSums}`,
      [kind, from, to, names],
      timeoutMs,
    ),
  )
  return rows
}

/** Whose spend is asked about; of a member `team/user`. */
export type SpenderKind = 'key' | 'user' | 'team' | 'member' | 'customer'

/** All that some have ever spent, billionths of a US dollar, by id; who spent nothing is not among them. */
export async function findSpend(
  queries: Queries,
  kind: SpenderKind,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await queries.query<{ id: string; nano: number }>(
    timed(spendOf[kind], [ids], timeoutMs),
  )
  return new Map(rows.map(({ id, nano }) => [id, nano]))
}

const of = (id: string, where: string) =>
  `select ${id} as id, sum(cost_nano)::float8 as nano from colonnade.spend_days where ${where} group by 1`

const spendOf: Readonly<Record<SpenderKind, string>> = {
  key: of('caller', 'caller = any($1)'),
  user: of('user_id', `user_id <> '' and user_id = any($1)`),
  team: of('team_id', `team_id <> '' and team_id = any($1)`),
  member: of(
    `team_id || '/' || user_id`,
    `team_id <> '' and user_id <> '' and team_id || '/' || user_id = any($1)`,
  ),
  customer: `select name as id, sum(cost_nano)::float8 as nano from colonnade.spend_names
    where kind = 'customer' and name = any($1) group by 1`,
}
