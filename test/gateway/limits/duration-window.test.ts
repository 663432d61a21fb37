import { describe, expect, test } from 'vitest'

import { windowOfDuration } from '../../../gateway/limits/duration-window.ts'
import { windowAt } from '../../../gateway/limits/window.ts'

/** First and last minute of the window of a duration at an instant, by the clock of the zone. */
function shown(duration: string | undefined, zone: string, at: string): [string, string] {
  const { startMs, endMs } = windowAt(windowOfDuration(duration, zone), Date.parse(at))
  const local = (ms: number) =>
    Number.isFinite(ms)
      ? new Date(ms).toLocaleString('sv-SE', { timeZone: zone }).slice(0, 19)
      : 'never'
  return [local(startMs), local(endMs)]
}

describe('a duration by the clock of a zone', () => {
  test.each<[string, string, string, string]>([
    ['1d', 'America/New_York', '2026-03-14 00:00:00', '2026-03-15 00:00:00'],
    ['24h', 'America/New_York', '2026-03-14 00:00:00', '2026-03-15 00:00:00'],
    ['7d', 'America/New_York', '2026-03-09 00:00:00', '2026-03-16 00:00:00'],
    ['1w', 'America/New_York', '2026-03-09 00:00:00', '2026-03-16 00:00:00'],
    ['30d', 'America/New_York', '2026-03-01 00:00:00', '2026-04-01 00:00:00'],
    ['1mo', 'America/New_York', '2026-03-01 00:00:00', '2026-04-01 00:00:00'],
    ['3mo', 'America/New_York', '2026-01-01 00:00:00', '2026-04-01 00:00:00'],
    ['12h', 'America/New_York', '2026-03-14 12:00:00', '2026-03-15 00:00:00'],
    ['6h', 'Asia/Kolkata', '2026-03-14 18:00:00', '2026-03-15 00:00:00'],
    ['1h', 'Asia/Kolkata', '2026-03-14 21:00:00', '2026-03-14 22:00:00'],
    ['30m', 'America/New_York', '2026-03-14 12:00:00', '2026-03-14 12:30:00'],
    ['30s', 'America/New_York', '2026-03-14 12:00:00', '2026-03-14 12:00:30'],
  ])('%s in %s', (duration, zone, from, to) => {
    expect(shown(duration, zone, '2026-03-14T16:00:15Z')).toEqual([from, to])
  })

  test('ten days are ten midnights, wherever clocks are put forward between them', () => {
    const [from, to] = shown('10d', 'America/New_York', '2026-03-08T12:00:00Z')
    expect(from).toMatch(/ 00:00:00$/)
    expect(to).toMatch(/ 00:00:00$/)
    const lastInstant = new Date(Date.parse(`${to.replace(' ', 'T')}-04:00`) - 1).toISOString()
    expect(shown('10d', 'America/New_York', lastInstant)).toEqual([from, to])
    const days =
      (Date.parse(`${to.slice(0, 10)}Z`) - Date.parse(`${from.slice(0, 10)}Z`)) / 86_400_000
    expect(days).toBe(10)
  })

  test('without a duration, and with one that nobody can read, nothing comes back', () => {
    expect(shown(undefined, 'UTC', '2026-03-14T16:00:15Z')).toEqual([
      '1970-01-01 00:00:00',
      'never',
    ])
    expect(windowOfDuration('soon', 'UTC')).toEqual({ kind: 'ever' })
    expect(windowOfDuration('0d', 'UTC')).toEqual({ kind: 'ever' })
  })
})
