import type { ToldLimit } from './gate.ts'
import { periodMs, type QuotaSpec } from './quota-specs.ts'

/**
 * Which of our amounts an upstream speaks of: that of its period where it names one, else that of the same size,
 * else the smallest whose period the wait for its reset fits into.
 */
export function findTold<T extends { readonly spec: QuotaSpec }>(
  told: ToldLimit,
  amounts: readonly T[],
): readonly T[] {
  if (told.per !== undefined) return amounts.filter(({ spec }) => spec.per === told.per)
  const same = amounts.filter(({ spec }) => spec.amount === told.limit)
  const candidates = same.length > 0 ? same : amounts
  const waitMs = told.resetsInMs ?? 0
  const fitting = candidates.filter(({ spec }) => longestMs(spec) >= waitMs)
  const smallest = Math.min(...fitting.map(({ spec }) => periodMs(spec.per)))
  return fitting.filter(({ spec }) => periodMs(spec.per) === smallest)
}

// A calendar's day may have 25 hours, its month 31 days.
function longestMs({ per, window }: QuotaSpec): number {
  if (window.kind === 'rolling') return window.periodMs
  return periodMs(per) * (per === 'month' ? 1.05 : 1) + (per === 'minute' ? 0 : 3_600_000)
}
