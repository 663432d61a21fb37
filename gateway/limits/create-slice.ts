import { CalendarSlice } from './calendar-slice.ts'
import type { CounterSpec } from './counter.ts'
import { RollingSlice } from './rolling-slice.ts'
import { bucketsOf, windowAt } from './window.ts'

/** The slice of the window in which an instant counts; nothing of it is granted yet. */
export function createSlice(spec: CounterSpec, wallMs: number): CalendarSlice | RollingSlice {
  const { window, amount } = spec
  return window.kind === 'rolling'
    ? new RollingSlice(ledgerKeyOf(spec), amount, bucketsOf(window.periodMs))
    : new CalendarSlice(ledgerKeyOf(spec), windowAt(window, wallMs), amount)
}

/** The ledger's name of a counter. Another window is another count: their uses must not mix. */
export function ledgerKeyOf({ key, window }: CounterSpec): string {
  if (window.kind === 'rolling') return `${key} rolling ${window.periodMs}`
  return `${key} ${window.per} from minute ${window.minuteOfDay} ${window.timeZone}`
}
