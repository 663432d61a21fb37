import type { CallerUnit } from './caller-specs.ts'
import type { CallerPlan } from './caller-plan.ts'
import { dollarsOf, headerTextOf, resetOf } from './caller-words.ts'
import type { CallerLimit } from './holder-limits.ts'

/** `x-ratelimit-*` of the tightest limits, what LiteLLM tells of a key, and soft budgets that are spent; flat. */
export function callerHeaders({ limits }: CallerPlan, now: number): string[] {
  const headers: string[] = []
  addRate(headers, 'requests', limits, now)
  addRate(headers, 'tokens', limits, now)
  for (const limit of limits) {
    if (limit.spec.softNano !== undefined && isPastSoft(limit, now)) addWarning(headers, limit, now)
  }
  addKey(headers, limits, now)
  return headers
}

/** Whether more is spent than its owner wants to hear of. */
export function isPastSoft({ spec, counter }: CallerLimit, now: number): boolean {
  return spec.softNano !== undefined && counter.used(now) >= spec.softNano
}

function addRate(
  headers: string[],
  unit: CallerUnit,
  limits: readonly CallerLimit[],
  now: number,
): void {
  let tightest: CallerLimit | undefined
  let least = Infinity
  let resetsInMs = 0
  for (const limit of limits) {
    if (limit.spec.unit !== unit) continue
    const state = limit.counter.state(now)
    if (state.remaining >= least) continue
    tightest = limit
    least = state.remaining
    resetsInMs = state.resetsInMs
  }
  if (!tightest) return
  headers.push(`x-ratelimit-limit-${unit}`, `${tightest.spec.amount}`)
  headers.push(`x-ratelimit-remaining-${unit}`, `${Math.max(0, Math.floor(least))}`)
  headers.push(`x-ratelimit-reset-${unit}`, resetOf(resetsInMs))
}

function addKey(headers: string[], limits: readonly CallerLimit[], now: number): void {
  let hasSpend = false
  for (const { holder, spec, counter, model } of limits) {
    if (holder.holder.kind !== 'key' || model !== undefined) continue
    if (spec.unit === 'nano') {
      if (hasSpend) continue
      hasSpend = true
      headers.push('x-litellm-key-spend', dollarsOf(counter.used(now)))
      if (spec.softNano === undefined || spec.amount > spec.softNano)
        headers.push('x-litellm-key-max-budget', dollarsOf(spec.amount))
    } else if (spec.per === 'minute') {
      const name = spec.unit === 'requests' ? 'rpm' : 'tpm'
      headers.push(`x-litellm-key-${name}-limit`, `${spec.amount}`)
    }
  }
}

function addWarning(headers: string[], { of, spec, counter }: CallerLimit, now: number): void {
  const spent = dollarsOf(counter.used(now))
  const soft = dollarsOf(spec.softNano ?? 0)
  headers.push(
    'x-soft-budget-warning',
    headerTextOf(`${of} has spent ${spent} of a soft budget of ${soft}`),
  )
}
