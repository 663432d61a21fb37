import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Window } from '../../../gateway/limits/counter.ts'
import { bucketsOf, countedFrom, windowAt } from '../../../gateway/limits/window.ts'

type Calendar = Extract<Window, { kind: 'calendar' }>

const hourMs = 3_600_000
const zones = [
  'UTC',
  'America/Los_Angeles',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Havana',
  'Africa/Cairo',
  'Pacific/Apia',
  'America/Santiago',
  'Pacific/Chatham',
]

const calendar = (per: Calendar['per'], timeZone = 'UTC', minuteOfDay = 0): Calendar => ({
  kind: 'calendar',
  per,
  timeZone,
  minuteOfDay,
})

/** The window at an instant, written in UTC, and its length in hours. */
function shown(window: Window, at: string): [string, string, number] {
  const { startMs, endMs } = windowAt(window, Date.parse(at))
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 16)
  return [text(startMs), text(endMs), (endMs - startMs) / hourMs]
}

describe('calendar windows', () => {
  test.each<[string, Calendar, string, [string, string, number]]>([
    [
      'a day in Los Angeles',
      calendar('day', 'America/Los_Angeles'),
      '2026-01-15T07:59:59Z',
      ['2026-01-14T08:00', '2026-01-15T08:00', 24],
    ],
    [
      'the day of 23 hours',
      calendar('day', 'America/Los_Angeles'),
      '2026-03-08T20:00:00Z',
      ['2026-03-08T08:00', '2026-03-09T07:00', 23],
    ],
    [
      'the day of 25 hours',
      calendar('day', 'America/Los_Angeles'),
      '2026-11-01T08:00:00Z',
      ['2026-11-01T07:00', '2026-11-02T08:00', 25],
    ],
    [
      'a reset in the hour that is skipped comes at its end',
      calendar('day', 'Europe/Berlin', 150),
      '2026-03-29T01:00:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30', 23.5],
    ],
    [
      'a reset in the hour that comes twice is the first of the two',
      calendar('day', 'Europe/Berlin', 150),
      '2026-10-25T01:10:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30', 25],
    ],
    [
      'a zone that skips midnight',
      calendar('day', 'Africa/Cairo'),
      '2026-04-24T12:00:00Z',
      ['2026-04-23T22:00', '2026-04-24T21:00', 23],
    ],
    [
      'a zone with two midnights',
      calendar('day', 'America/Havana'),
      '2026-11-01T12:00:00Z',
      ['2026-11-01T04:00', '2026-11-02T05:00', 25],
    ],
    [
      'a zone that skipped a whole day',
      calendar('day', 'Pacific/Apia'),
      '2011-12-30T12:00:00Z',
      ['2011-12-30T10:00', '2011-12-31T10:00', 24],
    ],
    [
      'an hour where clocks stand half an hour apart',
      calendar('hour', 'Asia/Kolkata'),
      '2026-05-05T05:15:00Z',
      ['2026-05-05T04:30', '2026-05-05T05:30', 1],
    ],
    [
      'an hour that comes twice is two hours',
      calendar('hour', 'Europe/Berlin'),
      '2026-10-25T01:10:00Z',
      ['2026-10-25T01:00', '2026-10-25T02:00', 1],
    ],
    [
      'a week begins on Monday',
      calendar('week', 'Europe/Berlin'),
      '2026-11-22T22:59:00Z',
      ['2026-11-15T23:00', '2026-11-22T23:00', 168],
    ],
    [
      'February of a leap year',
      calendar('month'),
      '2028-02-29T23:00:00Z',
      ['2028-02-01T00:00', '2028-03-01T00:00', 696],
    ],
    [
      'a month that begins late on the first',
      calendar('month', 'America/Los_Angeles', 9 * 60),
      '2026-03-01T16:59:00Z',
      ['2026-02-01T17:00', '2026-03-01T17:00', 672],
    ],
    [
      'December',
      calendar('month'),
      '2026-12-31T23:59:00Z',
      ['2026-12-01T00:00', '2027-01-01T00:00', 744],
    ],
  ])('%s', (_, window, at, expected) => {
    expect(shown(window, at)).toEqual(expected)
  })
})

const anyCalendar = fc.record({
  kind: fc.constant('calendar' as const),
  per: fc.constantFrom<Calendar['per'][]>('minute', 'hour', 'day', 'week', 'month'),
  timeZone: fc.constantFrom(...zones),
  minuteOfDay: fc.integer({ min: 0, max: 1439 }),
})
const anyInstant = fc.integer({ min: Date.parse('2008-01-01'), max: Date.parse('2040-01-01') })
const longest = { minute: 1 / 60, hour: 1, day: 25, week: 24 * 7 + 1, month: 24 * 31 + 1 }

test('windows follow each other without a gap, hold their instant and are not too long', () => {
  fc.assert(
    fc.property(anyCalendar, anyInstant, (window, at) => {
      const { startMs, endMs } = windowAt(window, at)
      expect(startMs).toBeLessThanOrEqual(at)
      expect(endMs).toBeGreaterThan(at)
      expect((endMs - startMs) / hourMs).toBeLessThanOrEqual(longest[window.per])
      expect(windowAt(window, startMs)).toEqual({ startMs, endMs })
      expect(windowAt(window, endMs - 1)).toEqual({ startMs, endMs })
      expect(windowAt(window, endMs).startMs).toBe(endMs)
      expect(windowAt(window, startMs - 1).endMs).toBe(startMs)
    }),
    { numRuns: 300 },
  )
})

test('in no stretch of a rolling period are there uses that are not counted at its end', () => {
  const periods = fc.constantFrom(60_000, 3_600_000, 86_400_000, 61_001, 7)
  fc.assert(
    fc.property(
      periods,
      anyInstant,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (period, end, part) => {
        const usedAt = Math.ceil(end - period * part)
        const bucket = windowAt({ kind: 'rolling', periodMs: period }, usedAt).startMs
        expect(bucket).toBeLessThanOrEqual(usedAt)
        expect(bucket).toBeGreaterThanOrEqual(countedFrom(period, end))
      },
    ),
  )
})

test('a use stops counting after one bucket more than the period', () => {
  const { stepMs, keptMs } = bucketsOf(60_000)
  expect([stepMs, keptMs]).toEqual([1000, 60_000])
  expect(countedFrom(60_000, 1_000_000)).toBe(940_000)
  expect(countedFrom(60_000, 1_060_999)).toBe(1_000_000)
  expect(countedFrom(60_000, 1_061_000)).toBe(1_001_000)
})
