import type { Window } from './counter.ts'
import { changeBetween, firstInstantOf, offsetAt } from './zone.ts'

/** A stretch of time, its end not in it; milliseconds since 1970. */
export interface Stretch {
  readonly startMs: number
  readonly endMs: number
}

type Calendar = Extract<Window, { kind: 'calendar' }>
type Fixed = Extract<Window, { kind: 'fixed' }>

const ever: Stretch = { startMs: 0, endMs: Infinity }

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000
const bucketsAPeriod = 60

/**
 * The stretch in which an instant counts: the minute, hour, day, week or month by a clock in the window's zone; of a
 * rolling window the bucket.
 */
export function windowAt(window: Window, nowMs: number): Stretch {
  if (window.kind === 'rolling') return bucketAt(window.periodMs, nowMs)
  if (window.kind === 'ever') return ever
  if (window.kind === 'fixed') return fixedAt(window, nowMs)
  if (window.per === 'minute') return stretchAt(minuteMs, 0, nowMs)
  if (window.per === 'hour') return hourAt(window.timeZone, nowMs)
  return datesAt(window, nowMs)
}

/** How a rolling window is cut: length of a bucket, and how long after its end it still counts, whole. */
export interface Buckets {
  readonly stepMs: number
  readonly keptMs: number
}

/** The buckets of a period: each counts until it can touch no stretch that ends now. */
export function bucketsOf(periodMs: number): Buckets {
  const stepMs = Math.max(1, Math.ceil(periodMs / bucketsAPeriod))
  return { stepMs, keptMs: Math.ceil(periodMs / stepMs) * stepMs }
}

/** The earliest bucket that still counts: with it, every stretch of the period that ends now is counted whole. */
export function countedFrom(periodMs: number, nowMs: number): number {
  return bucketAt(periodMs, nowMs).startMs - bucketsOf(periodMs).keptMs
}

function bucketAt(periodMs: number, nowMs: number): Stretch {
  return stretchAt(bucketsOf(periodMs).stepMs, 0, nowMs)
}

function stretchAt(lengthMs: number, offsetMs: number, nowMs: number): Stretch {
  const startMs = Math.floor((nowMs + offsetMs) / lengthMs) * lengthMs - offsetMs
  return { startMs, endMs: startMs + lengthMs }
}

// Hours are as long as hours are; only a clock put on by half an hour cuts one.
function hourAt(timeZone: string, nowMs: number): Stretch {
  const { startMs, endMs } = stretchAt(hourMs, offsetAt(timeZone, nowMs), nowMs)
  const cutBefore = cutBetween(timeZone, startMs, nowMs)
  const cutAfter = cutBetween(timeZone, nowMs, endMs)
  return { startMs: cutBefore ?? startMs, endMs: cutAfter ?? endMs }
}

function cutBetween(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const changeMs = offsetAt(timeZone, toMs) - offsetAt(timeZone, fromMs)
  return changeMs % hourMs === 0 ? undefined : changeBetween(timeZone, fromMs, toMs)
}

// Below an hour no zone has a clock of its own: such stretches are counted from 1970 on.
function fixedAt({ periodMs, timeZone }: Fixed, nowMs: number): Stretch {
  if (periodMs < hourMs) return stretchAt(periodMs, 0, nowMs)
  const localMs = nowMs + offsetAt(timeZone, nowMs)
  return stretchAround(nowMs, Math.floor(localMs / periodMs), (index) =>
    firstInstantOf(timeZone, index * periodMs),
  )
}

function datesAt(window: Calendar, nowMs: number): Stretch {
  const { timeZone, minuteOfDay, count = 1 } = window
  const localMs = nowMs + offsetAt(timeZone, nowMs) - minuteOfDay * minuteMs
  const index = Math.floor(indexOf(window.per, localMs) / count)
  return stretchAround(nowMs, index, (at) =>
    firstInstantOf(timeZone, dateOf(window.per, at * count) + minuteOfDay * minuteMs),
  )
}

function stretchAround(
  nowMs: number,
  guessed: number,
  startOf: (index: number) => number,
): Stretch {
  // A clock put back shows a date twice, and a zone may skip one.
  let index = guessed
  while (startOf(index) > nowMs) index -= 1
  while (startOf(index + 1) <= nowMs) index += 1
  return { startMs: startOf(index), endMs: startOf(index + 1) }
}

// 1 January 1970 was a Thursday.
const daysBeforeMonday = 3

function indexOf(per: Calendar['per'], localMs: number): number {
  const days = Math.floor(localMs / dayMs)
  if (per === 'day') return days
  if (per === 'week') return Math.floor((days + daysBeforeMonday) / 7)
  const date = new Date(localMs)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

function dateOf(per: Calendar['per'], index: number): number {
  if (per === 'day') return index * dayMs
  if (per === 'week') return (index * 7 - daysBeforeMonday) * dayMs
  return Date.UTC(Math.floor(index / 12), index % 12)
}
