import { toDollars } from '../accounting/money.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { SpendReports } from '../storage/storage.ts'
import type { SpendPart, SpendSum } from '../storage/spend-sums.ts'
import type { Query } from './query.ts'
import { daysOf } from './spend-totals.ts'

const groups: Readonly<Record<string, SpendPart>> = {
  team: 'team',
  api_key: 'caller',
  internal_user_id: 'user',
  user: 'user',
  model: 'model',
  provider: 'provider',
  module: 'module',
}

/**
 * `GET /global/spend/report?start_date&end_date&group_by`: day by day what each team, key, user, model, provider,
 * module or customer spent, and on which models.
 */
export async function spendReport(
  spend: SpendReports,
  query: Query,
): Promise<readonly Record<string, unknown>[]> {
  const days = daysOf(query)
  if (days.from === undefined || days.to === undefined) {
    throw new GatewayError(
      'invalid_request',
      'Expected start_date and end_date, such as 2026-01-01 and 2026-01-31.',
      { param: 'start_date' },
    )
  }
  const asked = query.text('group_by') ?? 'team'
  if (asked === 'customer') return ofCustomers(spend, days)
  const part = groups[asked]
  if (part === undefined) {
    throw new GatewayError(
      'invalid_request',
      `group_by: expected one of customer, ${Object.keys(groups).join(', ')}, found ${JSON.stringify(asked.slice(0, 60))}.`,
      { param: 'group_by' },
    )
  }
  const sums = await spend.sum(['day', part, 'model'], days)
  const byDay = Map.groupBy(sums, ({ parts }) => parts.day ?? '')
  return [...byDay].map(([day, ofDay]) => ({
    group_by_day: day,
    [plurals[asked] ?? 'groups']: groupsOf(ofDay, part, asked),
  }))
}

const plurals: Readonly<Record<string, string>> = {
  team: 'teams',
  api_key: 'api_keys',
  internal_user_id: 'users',
  user: 'users',
  model: 'models',
  provider: 'providers',
  module: 'modules',
}

function groupsOf(sums: readonly SpendSum[], part: SpendPart, asked: string) {
  const byName = Map.groupBy(sums, ({ parts }) => parts[part] ?? '')
  return [...byName].map(([name, ofName]) => ({
    [nameOf(asked)]: name,
    total_spend: toDollars(ofName.reduce((sum, { costNano }) => sum + costNano, 0)),
    metadata: ofName.map(({ parts, costNano, promptTokens, completionTokens, requests }) => ({
      model: parts.model ?? '',
      spend: toDollars(costNano),
      total_tokens: promptTokens + completionTokens,
      api_requests: requests,
    })),
  }))
}

function nameOf(asked: string): string {
  if (asked === 'team') return 'team_name'
  return asked === 'internal_user_id' ? 'user' : asked
}

async function ofCustomers(
  spend: SpendReports,
  days: ReturnType<typeof daysOf>,
): Promise<readonly Record<string, unknown>[]> {
  const sums = await spend.sumNamed('customer', { ...days, isByDay: true })
  const byDay = Map.groupBy(sums, ({ day = '' }) => day)
  return [...byDay].map(([day, ofDay]) => ({
    group_by_day: day,
    customers: ofDay.map(({ name, costNano, totalTokens, requests }) => ({
      customer: name,
      total_spend: toDollars(costNano),
      total_tokens: totalTokens,
      api_requests: requests,
    })),
  }))
}
