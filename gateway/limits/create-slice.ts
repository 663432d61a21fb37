import { CalendarSlice } from './calendar-slice.ts'
import type { CounterSpec } from './counter.ts'
import { RollingSlice } from './rolling-slice.ts'
import { bucketsOf, windowAt } from './window.ts'

/**
 * The slice of the window in which an instant counts; nothing of it is granted yet. `usedBefore` tells what this
 * process has used of a window whose slice it has forgotten.
 */
export function createSlice(
  spec: CounterSpec,
  wallMs: number,
  usedBefore: (key: string, startMs: number) => number,
): CalendarSlice | RollingSlice {
  const { window, amount } = spec
  const key = ledgerKeyOf(spec)
  if (window.kind === 'rolling') return new RollingSlice(key, amount, bucketsOf(window.periodMs))
  const stretch = windowAt(window, wallMs)
  return new CalendarSlice(key, stretch, amount, usedBefore(key, stretch.startMs))
}

/** The ledger's name of a counter. Another window is another count: their uses must not mix. */
export function ledgerKeyOf({ key, window }: CounterSpec): string {
  if (window.kind === 'rolling') return `${key} rolling ${window.periodMs}`
  if (window.kind === 'ever') return `${key} ever`
  if (window.kind === 'fixed') return `${key} every ${window.periodMs} ${window.timeZone}`
  const { per, count = 1, minuteOfDay, timeZone } = window
  return `${key} ${count === 1 ? per : `${count} ${per}s`} from minute ${minuteOfDay} ${timeZone}`
}
