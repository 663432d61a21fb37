import { statement, type Queries } from './row-text.ts'

/** What has been spent of an amount in the window that runs. */
interface WindowSpend {
  readonly key: string
  /** Used, in the counter's unit; what is held for requests that run is not in it. */
  readonly spent: number
}

/** What counters have used in the windows that run now; those that nobody has used are not among them. */
export async function findWindowSpend(
  queries: Queries,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map()
  const { rows } = await queries.query<WindowSpend>(
    statement(
      `select key, sum(spent + excess)::float8 as spent from colonnade.counters
       where key = any($1::text[]) and (ends_at is null or ends_at > colonnade.now_ms())
         and starts_at <= colonnade.now_ms()
       group by key`,
      [keys],
    ),
  )
  return new Map(rows.map(({ key, spent }) => [key, spent]))
}

/** The window of a counter that runs; one without an end has none. */
export interface RunningWindow {
  readonly key: string
  readonly amount: number
  readonly startsAtMs: number
  readonly endsAtMs: number | null
}

/** Sets what counters have used in these windows; what is held stays held. */
export async function setWindowSpend(
  queries: Queries,
  windows: readonly RunningWindow[],
  spent: number,
): Promise<void> {
  await queries.query(
    statement(
      `insert into colonnade.counters as c (key, starts_at, ends_at, amount, spent, excess)
         select w.key, w.starts_at, w.ends_at, w.amount, least($5::bigint, w.amount), greatest(0, $5 - w.amount)
         from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as w (key, starts_at, ends_at, amount)
       on conflict (key, starts_at) do update set
         spent = least($5, greatest(0, c.amount - c.leased - c.unsettled)),
         excess = $5 - least($5, greatest(0, c.amount - c.leased - c.unsettled))`,
      [
        windows.map(({ key }) => key),
        windows.map(({ startsAtMs }) => startsAtMs),
        windows.map(({ endsAtMs }) => endsAtMs),
        windows.map(({ amount }) => amount),
        spent,
      ],
    ),
  )
}
