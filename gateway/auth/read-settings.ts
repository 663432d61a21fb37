import { isObject } from '../../modules/json-object.ts'

/** Settings of a key, user, team or budget as they were stored. Whoever wrote them has checked them; nobody relies on it. */
export type Settings = Readonly<Record<string, unknown>>

/** Those that are set: what is null is as good as absent. */
export function settingsOf(value: unknown): Settings {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
}

const mostTexts = 1000

/** The texts of a list, each once; none where it is no list. */
export function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  const texts = value.filter((one: unknown) => typeof one === 'string' && one !== '')
  return [...new Set<string>(texts)].slice(0, mostTexts)
}

/** The entries of an object whose values are objects, or are taken as such by `read`. */
export function mapOf<T>(
  value: unknown,
  read: (one: unknown) => T | undefined,
): Readonly<Record<string, T>> {
  if (!isObject(value)) return {}
  const entries = Object.entries(value).flatMap(([name, one]): [string, T][] => {
    const taken = read(one)
    return taken === undefined ? [] : [[name, taken]]
  })
  return Object.fromEntries(entries)
}

/**
 * A bound from 0 on, in whole units; undefined where none is set. One that is set and cannot be understood lets
 * nothing through: whoever wrote it wanted a bound.
 */
export function boundOf(value: unknown, unit = 1): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) return 0
  return Math.floor(Math.min(Math.max(0, number * unit), Number.MAX_SAFE_INTEGER) + 1e-6)
}

const zones = new Map<string, boolean>()
const mostZones = 1000

/** Whether this is the name of a time zone. */
export function isTimeZone(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.length > 64) return false
  const known = zones.get(name)
  if (known !== undefined) return known
  if (zones.size >= mostZones) zones.clear()
  const isOne = isUnderstood(name)
  zones.set(name, isOne)
  return isOne
}

function isUnderstood(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
