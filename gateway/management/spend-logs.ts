import { toDollars } from '../accounting/money.ts'
import type { Caller } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { SpendReports } from '../storage/storage.ts'
import type { RowFilter } from '../storage/spend-rows.ts'
import type { SpendSum } from '../storage/spend-sums.ts'
import type { Query } from './query.ts'
import { withinScope } from './spend-scope.ts'
import { spendLogOf } from './spend-shapes.ts'

/** The ids that a key may have which is named by itself or by its id. */
export type FindKeyIds = (key: string) => readonly string[]

const mostRows = 1000
const usualRows = 100
const furthest = 100_000

/**
 * `GET /spend/logs`: single exchanges, the newest first, in pages; with `start_date` and `end_date` what they come to
 * by day, unless `summarize=false`, as LiteLLM has it.
 */
export async function spendLogs(
  query: Query,
  caller: Caller,
  spend: SpendReports,
  idsOf: FindKeyIds,
): Promise<readonly Record<string, unknown>[]> {
  const filter = readFilter(query, caller, idsOf)
  const isSummary =
    filter.from !== undefined && filter.to !== undefined && (query.flag('summarize') ?? true)
  if (isSummary) return summaries(await spend.sum(['day', 'caller', 'user', 'model'], filter))
  const rows = await spend.findRows(filter, pageOf(query))
  return rows.map(spendLogOf)
}

/** `GET /spend/logs/v2`: the same page with how many there are. */
export async function spendLogPage(
  query: Query,
  caller: Caller,
  spend: SpendReports,
  idsOf: FindKeyIds,
): Promise<Record<string, unknown>> {
  const filter = readFilter(query, caller, idsOf)
  const { offset, limit, page } = pageOf(query)
  const [rows, total] = await Promise.all([
    spend.findRows(filter, { offset, limit }),
    spend.countRows(filter),
  ])
  return {
    data: rows.map(spendLogOf),
    total,
    page,
    page_size: limit,
    total_pages: Math.ceil(total / limit),
  }
}

function readFilter(query: Query, caller: Caller, idsOf: FindKeyIds): RowFilter {
  const key = query.text('api_key')
  const list = (name: string) => {
    const value = query.text(name)
    return value === undefined ? undefined : [value]
  }
  const asked = {
    callers: key === undefined ? undefined : idsOf(key),
    users: list('user_id'),
    teams: list('team_id'),
  }
  return {
    ...withinScope(caller, asked),
    modules: list('module'),
    from: query.day('start_date'),
    to: query.day('end_date'),
    id: readId(query),
    endUser: query.text('end_user'),
    tag: query.text('tag'),
  }
}

function readId(query: Query): string | undefined {
  const id = query.text('request_id')
  if (id === undefined || /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) return id
  throw new GatewayError(
    'invalid_request',
    'request_id: expected the x-litellm-call-id that the gateway gave, such as 0199f0a2-7d5e-7cc0-8f00-0a1b2c3d4e5f.',
    { param: 'request_id' },
  )
}

function pageOf(query: Query) {
  const page = query.whole('page', 1, [1, 1_000_000])
  const limit = query.whole('page_size', usualRows, [1, mostRows])
  const offset = (page - 1) * limit
  if (offset <= furthest) return { page, limit, offset }
  throw new GatewayError(
    'invalid_request',
    `page: the first ${furthest} exchanges are shown by pages; name fewer days by start_date and end_date.`,
    { param: 'page' },
  )
}

function summaries(sums: readonly SpendSum[]): Record<string, unknown>[] {
  const days = new Map<string, Day>()
  for (const { parts, costNano } of sums) {
    const { day: date = '', user = '', model = '', caller = '' } = parts
    const day = days.get(date) ?? { nano: 0, users: new Map(), models: new Map(), keys: new Map() }
    days.set(date, day)
    day.nano += costNano
    add(day.users, user, costNano)
    add(day.models, model, costNano)
    add(day.keys, caller, costNano)
  }
  return [...days].map(([startTime, { nano, users, models, keys }]) => ({
    startTime,
    spend: toDollars(nano),
    users: inDollars(users),
    models: inDollars(models),
    api_keys: inDollars(keys),
  }))
}

interface Day {
  nano: number
  readonly users: Map<string, number>
  readonly models: Map<string, number>
  readonly keys: Map<string, number>
}

function add(sums: Map<string, number>, name: string, nano: number): void {
  sums.set(name, (sums.get(name) ?? 0) + nano)
}

function inDollars(sums: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...sums].map(([name, nano]) => [name, toDollars(nano)]))
}
