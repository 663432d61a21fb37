import type { Window } from './counter.ts'

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/**
 * The window of a duration as LiteLLM writes it, by the clock of a zone: `24h` and `1d` begin at midnight, `7d` and
 * `1w` on Monday, `30d` and `1mo` on the 1st; other days, weeks and months so many at a time; seconds, minutes and
 * hours in equal stretches. Without a duration nothing becomes free again.
 */
export function windowOfDuration(duration: string | undefined, timeZone: string): Window {
  const [, digits, unit = ''] = /^([1-9]\d{0,5})(s|m|h|d|w|mo)$/.exec(duration ?? '') ?? []
  const count = Number(digits)
  const unitMs = unitsMs[unit]
  if (unit === 'h' && count === 24) return calendar('day', 1, timeZone)
  if (unit === 'h' && count === 1) return calendar('hour', 1, timeZone)
  if (unitMs !== undefined) return { kind: 'fixed', periodMs: count * unitMs, timeZone }
  if (unit === 'mo') return calendar('month', count, timeZone)
  if (unit === 'w') return calendar('week', count, timeZone)
  // What nobody can read resets never: the most careful of all readings.
  if (unit !== 'd') return { kind: 'ever' }
  if (count === 7) return calendar('week', 1, timeZone)
  if (count === 30) return calendar('month', 1, timeZone)
  return calendar('day', count, timeZone)
}

function calendar(per: 'hour' | 'day' | 'week' | 'month', count: number, timeZone: string): Window {
  const window = { kind: 'calendar', per, minuteOfDay: 0, timeZone } as const
  return count === 1 ? window : { ...window, count }
}
