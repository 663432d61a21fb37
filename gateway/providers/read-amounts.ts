const longestMs = 31 * 86_400_000
const longestText = 64

const msOfUnit: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: 1_000,
  second: 1_000,
  m: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
}

const parts = /(\d{1,15}(?:\.\d{1,15})?)\s?((?:millisecond|second|minute|hour)s?|ms|[smhd])/y

/** Milliseconds of `6m0s`, `1.2s`, `20ms`, `22 seconds`; a bare number is seconds. At most a month. */
export function durationOf(text: string): number | undefined {
  if (text.length > longestText) return undefined
  if (/^\d{1,15}(?:\.\d{1,15})?$/.test(text)) return bounded(Number(text) * 1_000)
  let sum = 0
  let at = 0
  while (at < text.length) {
    parts.lastIndex = at
    const [written, count, unit = ''] = parts.exec(text) ?? []
    const unitMs = msOfUnit[unit] ?? msOfUnit[unit.slice(0, -1)]
    if (written === undefined || unitMs === undefined) return undefined
    sum += Number(count) * unitMs
    at += written.length
  }
  return at === 0 ? undefined : bounded(sum)
}

const epochSecondsFrom = 1_000_000_000
const epochMsFrom = 1_000_000_000_000

/** Milliseconds until a moment: RFC 3339, or Unix time in seconds or milliseconds. */
export function momentOf(text: string, nowMs: number): number | undefined {
  if (text.length > longestText) return undefined
  if (/^\d{10,13}(?:\.\d{1,15})?$/.test(text)) {
    const number = Number(text)
    if (number >= epochMsFrom) return bounded(number - nowMs)
    return number >= epochSecondsFrom ? bounded(number * 1_000 - nowMs) : undefined
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return undefined
  const moment = Date.parse(text)
  return Number.isNaN(moment) ? undefined : bounded(moment - nowMs)
}

/** A count, rounded down; undefined for what is none. */
export function wholeOf(text: string): number | undefined {
  const digits = text.replaceAll(',', '')
  return /^\d{1,15}(?:\.\d{1,15})?$/.test(digits) ? Math.floor(Number(digits)) : undefined
}

function bounded(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), longestMs)
}
