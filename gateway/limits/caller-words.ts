import type { CallerSpec } from './caller-specs.ts'

/** Which limit it is: `requests per minute`, `budget per 30d`. */
export function nameOf({ unit, per }: Pick<CallerSpec, 'unit' | 'per'>): string {
  if (unit !== 'nano') return `${unit} per ${per}`
  return per === '' ? 'budget' : `budget per ${per}`
}

/** US dollars without an exponent: `0.0000125`. */
export function dollarsOf(nano: number): string {
  return (nano / 1e9).toFixed(9).replace(/\.?0+$/, '')
}

/** An instant as LiteLLM writes it: `2026-01-01 00:00:00 UTC`. */
export function instantOf(unixMs: number): string {
  // Two clocks differ by some milliseconds.
  const seconds = new Date(Math.round(unixMs / 1000) * 1000)
  return `${seconds.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** A stretch of time as OpenAI's headers have it: `1s`, `6m0s`, `2h5m0s`. */
export function resetOf(milliseconds: number): string {
  const all = Math.max(0, Math.ceil(milliseconds / 1000))
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60]
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

/** Text fit for a header, whatever people call their teams. */
export function headerTextOf(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)
}
