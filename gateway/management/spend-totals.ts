import { toDollars } from '../accounting/money.ts'
import type { SpendReports } from '../storage/storage.ts'
import type { SpendPart, SpendSum } from '../storage/spend-sums.ts'
import type { Query } from './query.ts'

const most = 1000

/** The days asked about; without any, all. */
export function daysOf(query: Query): { from: string | undefined; to: string | undefined } {
  return { from: query.day('start_date'), to: query.day('end_date') }
}

/** Spend of keys, the dearest first, with what people call them. */
export async function spendOfKeys(
  spend: SpendReports,
  query: Query,
  usual: number,
): Promise<readonly Record<string, unknown>[]> {
  const sums = await spend.sum(['caller'], daysOf(query), query.whole('limit', usual, [1, most]))
  const labels = await spend.keyLabels(sums.map(({ parts }) => parts.caller ?? ''))
  return sums.map(({ parts: { caller = '' }, costNano, requests, totalTokens }) => {
    const label = labels.get(caller)
    return {
      token: caller,
      api_key: caller,
      key_name: label?.name ?? caller,
      key_alias: label?.alias ?? null,
      user_id: label?.userId ?? null,
      team_id: label?.teamId ?? null,
      spend: toDollars(costNano),
      total_spend: toDollars(costNano),
      api_requests: requests,
      total_tokens: totalTokens,
    }
  })
}

/** Spend by one part, under the name that LiteLLM gives it. */
export async function spendBy(
  spend: SpendReports,
  part: SpendPart,
  query: Query,
  usual = most,
): Promise<readonly { name: string; spend: number; sum: SpendSum }[]> {
  const sums = await spend.sum([part], daysOf(query), query.whole('limit', usual, [1, most]))
  return sums
    .filter(({ parts }) => parts[part] !== '')
    .map((sum) => ({ name: sum.parts[part] ?? '', spend: toDollars(sum.costNano), sum }))
}

/** Spend by tag. */
export async function spendByTag(
  spend: SpendReports,
  query: Query,
): Promise<readonly { name: string; spend: number; log_count: number }[]> {
  const tags = query.text('tags')?.split(',')
  const sums = await spend.sumNamed('tag', { ...daysOf(query), names: tags })
  return sums.map(({ name, costNano, requests }) => ({
    name,
    spend: toDollars(costNano),
    log_count: requests,
  }))
}

/** Spend of teams: day by day, and of each in all. */
export async function spendOfTeams(
  spend: SpendReports,
  query: Query,
): Promise<Record<string, unknown>> {
  const byDay = await spend.sum(['day', 'team'], daysOf(query))
  const totals = await spendBy(spend, 'team', query)
  const aliases = await spend.teamAliases(totals.map(({ name }) => name))
  const days = new Map<string, Map<string, number>>()
  for (const { parts, costNano } of byDay) {
    const day = days.get(parts.day ?? '') ?? new Map<string, number>()
    days.set(parts.day ?? '', day)
    const team = parts.team === '' ? 'Unassigned' : nameOf(parts.team ?? '', aliases)
    day.set(team, (day.get(team) ?? 0) + costNano)
  }
  return {
    daily_spend: [...days].map(([date, teams]) => ({
      date,
      ...Object.fromEntries([...teams].map(([team, nano]) => [team, toDollars(nano)])),
    })),
    teams: totals.map(({ name }) => nameOf(name, aliases)),
    total_spend_per_team: totals.map((one) => ({
      team_id: nameOf(one.name, aliases),
      total_spend: one.spend,
    })),
  }
}

function nameOf(team: string, aliases: ReadonlyMap<string, string>): string {
  return aliases.get(team) ?? team
}

/** Requests and tokens day by day, and in all. */
export function activityOf(sums: readonly SpendSum[]): Record<string, unknown> {
  return {
    daily_data: sums.map(({ parts, requests, totalTokens }) => ({
      date: parts.day ?? '',
      api_requests: requests,
      total_tokens: totalTokens,
    })),
    sum_api_requests: sums.reduce((sum, { requests }) => sum + requests, 0),
    sum_total_tokens: sums.reduce((sum, { totalTokens }) => sum + totalTokens, 0),
  }
}

/** The same for each model. */
export function activityOfModels(sums: readonly SpendSum[]): readonly Record<string, unknown>[] {
  const byModel = Map.groupBy(sums, ({ parts }) => parts.model ?? '')
  return [...byModel].map(([model, ofModel]) => ({ model, ...activityOf(ofModel) }))
}
