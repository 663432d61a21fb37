import { GatewayError } from '../errors/gateway-error.ts'
import type { SpendReports } from '../storage/storage.ts'
import type { SpendFilter, SpendPart, SpendSum } from '../storage/spend-sums.ts'
import type { Query } from './query.ts'
import { addMetrics, metricsOf } from './spend-shapes.ts'

type Days = Pick<SpendFilter, 'from' | 'to'>

/** The days a report is about: both ends must be named. */
function requireDays(query: Query): Days {
  const from = query.day('start_date')
  const to = query.day('end_date')
  if (from !== undefined && to !== undefined && from <= to) return { from, to }
  throw new GatewayError(
    'invalid_request',
    'Expected start_date and end_date, such as 2026-01-01 and 2026-01-31, the first not after the second.',
    { param: 'start_date' },
  )
}

const breakdowns = {
  models: 'model',
  model_groups: 'model',
  providers: 'provider',
  api_keys: 'caller',
  entities: 'team',
  modules: 'module',
} as const satisfies Record<string, SpendPart>

/** `GET /user/daily/activity`, `/team/daily/activity`: use day by day, and what of it is whose. */
export async function dailyActivity(
  spend: SpendReports,
  query: Query,
  filter: SpendFilter,
): Promise<Record<string, unknown>> {
  const parts: readonly SpendPart[] = ['day', 'model', 'provider', 'caller', 'team', 'module']
  const sums = await spend.sum(parts, { ...filter, ...requireDays(query) })
  const labels = await spend.keyLabels([...new Set(sums.map((sum) => sum.parts.caller ?? ''))])
  const days = [...Map.groupBy(sums, (sum) => sum.parts.day ?? '')].toReversed()
  const label = (part: SpendPart, name: string) =>
    part === 'caller' ? { key_alias: labels.get(name)?.alias ?? null } : {}
  const results = days.map(([date, ofDay]) => ({
    date,
    metrics: total(ofDay),
    breakdown: Object.fromEntries(
      Object.entries(breakdowns).map(([name, part]) => [name, breakDown(ofDay, part, label)]),
    ),
  }))
  return page(results, total(sums), query)
}

function breakDown(
  sums: readonly SpendSum[],
  part: SpendPart,
  label: (part: SpendPart, name: string) => Record<string, unknown>,
): Record<string, unknown> {
  const groups = Map.groupBy(sums, ({ parts }) => parts[part] ?? '')
  return Object.fromEntries(
    [...groups].map(([name, ofName]) => [
      name,
      { metrics: total(ofName), metadata: label(part, name) },
    ]),
  )
}

/** `GET /tag/daily/activity`. */
export async function dailyTags(
  spend: SpendReports,
  query: Query,
): Promise<Record<string, unknown>> {
  const names = query.text('tags')?.split(',')
  const sums = await spend.sumNamed('tag', { ...requireDays(query), names, isByDay: true })
  const days = [...Map.groupBy(sums, ({ day = '' }) => day)].toReversed()
  const results = days.map(([date, ofDay]) => ({
    date,
    metrics: total(ofDay),
    breakdown: {
      entities: Object.fromEntries(
        ofDay.map((sum) => [sum.name, { metrics: metricsOf(sum), metadata: {} }]),
      ),
    },
  }))
  return page(results, total(sums), query)
}

function total(sums: readonly Parameters<typeof metricsOf>[0][]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const sum of sums) addMetrics(all, metricsOf(sum))
  return all
}

const mostDays = 1000

function page(
  results: readonly unknown[],
  all: Readonly<Record<string, number>>,
  query: Query,
): Record<string, unknown> {
  const size = query.whole('page_size', 50, [1, mostDays])
  const number = query.whole('page', 1, [1, 1_000_000])
  const pages = Math.max(1, Math.ceil(results.length / size))
  return {
    results: results.slice((number - 1) * size, number * size),
    metadata: {
      ...Object.fromEntries(Object.entries(all).map(([name, value]) => [`total_${name}`, value])),
      page: number,
      total_pages: pages,
      has_more: number < pages,
    },
  }
}
