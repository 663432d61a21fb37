import type { FastifyRequest } from 'fastify'

import { toDollars } from '../accounting/money.ts'
import type { Caller } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { calculateCost } from './calculate-cost.ts'
import { dailyActivity, dailyTags } from './daily-activity.ts'
import { Query } from './query.ts'
import type { Desk } from './desk.ts'
import type { Routes } from './routes.ts'
import { spendLogPage, spendLogs } from './spend-logs.ts'
import { spendReport } from './spend-report.ts'
import { requireOverview, withinScope } from './spend-scope.ts'
import {
  activityOf,
  activityOfModels,
  daysOf,
  spendBy,
  spendByTag,
  spendOfKeys,
  spendOfTeams,
} from './spend-totals.ts'

type Answer = (query: Query, caller: Caller) => unknown

/** What was spent, by LiteLLM's paths. */
export function addSpendRoutes(routes: Routes, gateway: Gateway, desk: Desk): void {
  const { spend } = gateway.storage
  const { keyIdsOf } = desk
  const get = (path: string, answer: Answer): void => {
    routes.get(path, async (request: FastifyRequest) =>
      answer(new Query(request.query), await desk.authenticate(request)),
    )
  }
  const ofAll = (path: string, answer: (query: Query) => unknown): void =>
    get(path, (query, caller) => {
      requireOverview(caller)
      return answer(query)
    })

  get('/spend/logs', (query, caller) => spendLogs(query, caller, spend, keyIdsOf))
  get('/spend/logs/v2', (query, caller) => spendLogPage(query, caller, spend, keyIdsOf))
  ofAll('/spend/keys', (query) => spendOfKeys(spend, query, 100))
  ofAll('/spend/users', async (query) =>
    (await spendBy(spend, 'user', query)).map((one) => ({ user_id: one.name, spend: one.spend })),
  )
  ofAll('/spend/teams', async (query) => {
    const teams = await spendBy(spend, 'team', query)
    const aliases = await spend.teamAliases(teams.map(({ name }) => name))
    return teams.map((one) => ({
      team_id: one.name,
      team_alias: aliases.get(one.name) ?? null,
      spend: one.spend,
    }))
  })
  ofAll('/spend/tags', async (query) =>
    (await spendByTag(spend, query)).map((tag) => ({
      individual_request_tag: tag.name,
      log_count: tag.log_count,
      total_spend: tag.spend,
    })),
  )
  routes.post('/spend/calculate', async (request) => {
    await desk.authenticate(request)
    return calculateCost(await desk.readBody(request), gateway.requireServing())
  })

  ofAll('/global/spend', async (query) => {
    const [all] = await spend.sum([], daysOf(query))
    const { limits } = gateway.requireServing().module.general
    return { spend: toDollars(all?.costNano ?? 0), max_budget: limits.max_budget ?? null }
  })
  ofAll('/global/spend/keys', (query) => spendOfKeys(spend, query, 10))
  ofAll('/global/spend/teams', (query) => spendOfTeams(spend, query))
  ofAll('/global/spend/models', async (query) =>
    (await spendBy(spend, 'model', query, 10)).map((one) => ({
      model: one.name,
      total_spend: one.spend,
    })),
  )
  ofAll('/global/spend/tags', async (query) => ({ spend_per_tag: await spendByTag(spend, query) }))
  ofAll('/global/spend/all_tag_names', async (query) => ({
    tag_names: (await spendByTag(spend, query)).map(({ name }) => name),
  }))
  ofAll('/global/spend/provider', async (query) =>
    (await spendBy(spend, 'provider', query)).map((one) => ({
      provider: one.name,
      spend: one.spend,
    })),
  )
  ofAll('/global/spend/logs', async (query) => {
    const key = query.text('api_key')
    const callers = key === undefined ? undefined : keyIdsOf(key)
    const sums = await spend.sum(['day'], { ...daysOf(query), callers })
    return sums.map(({ parts, costNano }) => ({ date: parts.day, spend: toDollars(costNano) }))
  })
  ofAll('/global/spend/report', (query) => spendReport(spend, query))
  ofAll('/global/activity', async (query) => activityOf(await spend.sum(['day'], daysOf(query))))
  ofAll('/global/activity/model', async (query) =>
    activityOfModels(await spend.sum(['day', 'model'], daysOf(query))),
  )
  routes.post('/global/spend/reset', async (request) => {
    requireOverview(await desk.authenticate(request))
    throw new GatewayError(
      'invalid_request',
      'What was spent is the sum of what was used, and stays. To let somebody spend anew, raise max_budget or set a budget_duration.',
    )
  })

  get('/user/daily/activity', (query, caller) => {
    const user = query.text('user_id')
    const users = user === undefined ? undefined : [user]
    return dailyActivity(spend, query, withinScope(caller, { users }))
  })
  get('/team/daily/activity', (query, caller) => {
    const teams = query.text('team_ids')?.split(',')
    return dailyActivity(spend, query, withinScope(caller, { teams }))
  })
  ofAll('/tag/daily/activity', (query) => dailyTags(spend, query))
}
