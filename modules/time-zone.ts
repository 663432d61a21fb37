import type { FaultList } from './fault-list.ts'
import { nearestNames } from './nearest-name.ts'

/** The zone's own spelling; undefined where there is no such zone. */
export function zoneOf(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** What is wrong with a name that is no time zone, with those near to it. */
export function unknownZone(name: string): string {
  const near = nearestNames(name, ['UTC', ...Intl.supportedValuesOf('timeZone')], 3)
  const hint = near.length === 0 ? '' : `, did you mean ${near.join(' or ')}?`
  return `expected a time zone such as UTC or America/Los_Angeles, found ${JSON.stringify(name.slice(0, 60))}${hint}`
}

/** `litellm_settings.timezone`, UTC where there is none. */
export function readTimeZone(written: string | undefined, faults: FaultList): string {
  if (written === undefined) return 'UTC'
  const zone = zoneOf(written.trim())
  if (zone !== undefined) return zone
  faults.error(['litellm_settings', 'timezone'], unknownZone(written))
  return 'UTC'
}
