import type { CallerLimits } from '../../modules/caller-limit-schema.ts'
import type { Module } from '../../modules/module.ts'
import type { Holder, LimitSettings } from '../auth/access.ts'

type Amounts = Omit<CallerLimits, 'models'>

/** What all callers of a module together may use of it; undefined: it sets no limits. */
export function moduleHolder({ name, general }: Module): Holder | undefined {
  const { models = {}, ...amounts } = general.limits
  if (Object.keys(amounts).length === 0 && Object.keys(models).length === 0) return undefined
  return {
    kind: 'module',
    id: name,
    label: `module ${name}`,
    timeZone: general.timeZone,
    limits: settingsOf(amounts),
    ofModels: Object.fromEntries(
      Object.entries(models).map(([model, limits]) => [model, settingsOf(limits)]),
    ),
    ofModules: {},
  }
}

function settingsOf(amounts: Amounts): LimitSettings {
  const { rpm_limit, tpm_limit, rpd_limit, tpd_limit, max_parallel_requests } = amounts
  const { max_budget, soft_budget, budget_duration, budget_limits = [] } = amounts
  const budgets = [
    ...(max_budget === undefined ? [] : [{ max_budget, budget_duration }]),
    ...budget_limits,
  ].map(({ max_budget: dollars, budget_duration: duration }) => ({
    nano: nanoOf(dollars),
    ...(duration !== undefined && { duration }),
  }))
  return {
    ...(rpm_limit !== undefined && { requestsPerMinute: rpm_limit }),
    ...(tpm_limit !== undefined && { tokensPerMinute: tpm_limit }),
    ...(rpd_limit !== undefined && { requestsPerDay: rpd_limit }),
    ...(tpd_limit !== undefined && { tokensPerDay: tpd_limit }),
    ...(max_parallel_requests !== undefined && { atOnce: max_parallel_requests }),
    ...(budgets.length > 0 && { budgets }),
    ...(soft_budget !== undefined && { softBudgetNano: nanoOf(soft_budget) }),
  }
}

function nanoOf(dollars: number): number {
  return Math.round(dollars * 1_000_000_000)
}
