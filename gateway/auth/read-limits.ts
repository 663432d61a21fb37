import { durationMs } from '../../modules/duration.ts'
import type { Budget, LimitSettings } from './access.ts'
import { boundOf, mapOf, settingsOf, type Settings } from './read-settings.ts'

const nanoPerDollar = 1e9

/** Limits and budgets by LiteLLM's names, as they are counted. */
export function readLimits(settings: Settings): LimitSettings {
  const budgets = [...readBudget(settings), ...readFurtherBudgets(settings['budget_limits'])]
  return present({
    requestsPerMinute: boundOf(settings['rpm_limit']),
    tokensPerMinute: boundOf(settings['tpm_limit']),
    requestsPerDay: boundOf(settings['rpd_limit']),
    tokensPerDay: boundOf(settings['tpd_limit']),
    atOnce: boundOf(settings['max_parallel_requests']),
    budgets: budgets.length === 0 ? undefined : budgets,
    softBudgetNano: boundOf(settings['soft_budget'], nanoPerDollar),
  })
}

/** Limits by model: of `model_max_budget`, and before them those of `model_rpm_limit` and `model_tpm_limit`. */
export function readModelLimits(settings: Settings): Readonly<Record<string, LimitSettings>> {
  const byBudget = mapOf(settings['model_max_budget'], (one) => readLimits(modelBudgetOf(one)))
  const rpm = mapOf(settings['model_rpm_limit'], (one) => boundOf(one))
  const tpm = mapOf(settings['model_tpm_limit'], (one) => boundOf(one))
  const names = new Set([...Object.keys(byBudget), ...Object.keys(rpm), ...Object.keys(tpm)])
  const limitsOf = (name: string): LimitSettings => ({
    ...own(byBudget, name),
    ...present({ requestsPerMinute: own(rpm, name), tokensPerMinute: own(tpm, name) }),
  })
  return Object.fromEntries([...names].map((name) => [name, limitsOf(name)]))
}

/** Limits by module. */
export function readModuleLimits(settings: Settings): Readonly<Record<string, LimitSettings>> {
  return mapOf(settings['module_limits'], (one) => readLimits(settingsOf(one)))
}

// LiteLLM has two names for each; a number alone is the amount.
function modelBudgetOf(value: unknown): Settings {
  if (typeof value === 'number' || typeof value === 'string') return { max_budget: value }
  const { budget_limit, time_period, ...others } = settingsOf(value)
  return {
    ...(budget_limit !== undefined && { max_budget: budget_limit }),
    ...(time_period !== undefined && { budget_duration: time_period }),
    ...others,
  }
}

function readBudget(settings: Settings): readonly Budget[] {
  const nano = boundOf(settings['max_budget'], nanoPerDollar)
  if (nano === undefined) return []
  const duration = settings['budget_duration']
  // One that is no duration never begins anew.
  const isOne = typeof duration === 'string' && durationMs(duration) !== undefined
  return [isOne ? { nano, duration } : { nano }]
}

function readFurtherBudgets(value: unknown): readonly Budget[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one: unknown) => readBudget(settingsOf(one)))
}

function own<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}

type Present = { readonly [K in keyof LimitSettings]?: LimitSettings[K] | undefined }

function present(limits: Present): LimitSettings {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
