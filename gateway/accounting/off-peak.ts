import { isObject } from '../../modules/json-object.ts'

/** Whether a moment, Unix milliseconds, is within the hours of a price. */
export type IsWithin = (atMs: number) => boolean

interface Window {
  /** Minutes of the day, UTC; an end before its start is on the next day. */
  readonly from: number
  readonly to: number
  /** 1 is Monday; absent: every day. */
  readonly weekdays: readonly unknown[] | undefined
}

const dayMinutes = 24 * 60

/** The hours of `off_peak_pricing`, as LiteLLM writes them; undefined where none are sound. */
export function offPeakHours(pricing: Readonly<Record<string, unknown>>): IsWithin | undefined {
  const blocks = Array.isArray(pricing['windows']) ? pricing['windows'].filter(isObject) : [pricing]
  const windows = blocks.flatMap(windowsIn)
  if (windows.length === 0) return undefined
  return (atMs) => {
    const at = new Date(atMs)
    const minute = at.getUTCHours() * 60 + at.getUTCMinutes()
    const day = at.getUTCDay() || 7
    return windows.some((window) => isIn(window, minute, day))
  }
}

function isIn({ from, to, weekdays }: Window, minute: number, day: number): boolean {
  const isOn = (weekday: number): boolean => weekdays === undefined || weekdays.includes(weekday)
  if (from < to) return minute >= from && minute < to && isOn(day)
  // Past midnight it is still the window of the day before.
  return (minute >= from && isOn(day)) || (minute < to && isOn(day === 1 ? 7 : day - 1))
}

function windowsIn({ hours_utc: hours, weekdays }: Readonly<Record<string, unknown>>): Window[] {
  const ranges: readonly unknown[] = Array.isArray(hours) ? hours : [hours]
  return ranges.flatMap((range) => {
    const found =
      typeof range === 'string' ? /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(range.trim()) : null
    if (!found) return []
    const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = found.slice(1).map(Number)
    const to = toHour * 60 + toMinute
    return {
      from: fromHour * 60 + fromMinute,
      to: to === 0 ? dayMinutes : to,
      weekdays: Array.isArray(weekdays) ? weekdays : undefined,
    }
  })
}
