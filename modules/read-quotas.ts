import type { FaultList } from './fault-list.ts'
import { isObject } from './json-object.ts'
import { defaultQueue, quotaSchema, type queueSchema } from './limit-schema.ts'
import type { Quota, QueueSettings } from './module.ts'
import { hasPlaceholder } from './placeholders.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'
import { unknownZone, zoneOf } from './time-zone.ts'
import type { Path } from './yaml-source.ts'

type Written = ValueOf<typeof quotaSchema>

interface Reading {
  readonly reader: SchemaReader
  readonly faults: FaultList
}

/** The quotas of a deployment, from what is written; one that cannot be read is left out and named. */
export function readQuotas(written: unknown, path: Path, reading: Reading): Quota[] {
  if (!Array.isArray(written)) return readQuota(written, path, reading)
  return written.flatMap((quota: unknown, index) => readQuota(quota, [...path, index], reading))
}

function readQuota(written: unknown, path: Path, { reader, faults }: Reading): Quota[] {
  if (!isObject(written)) return []
  const quota = reader.read(quotaSchema, written, path)
  const resets = quota && readResets(quota, [...path, 'resets'], faults)
  if (!quota || resets === undefined) return []
  return [{ unit: quota.unit, amount: quota.amount, per: quota.per, resets }]
}

const midnight = { minuteOfDay: 0, timeZone: 'UTC' }

function readResets(
  { per, resets }: Written,
  path: Path,
  faults: FaultList,
): Quota['resets'] | undefined {
  if (resets === undefined || hasPlaceholder(resets))
    return per === 'minute' || per === 'hour' ? 'rolling' : midnight
  const words = resets.trim()
  if (words.toLowerCase() === 'rolling') return 'rolling'
  const [time = '', zone = 'UTC', ...more] = words.split(/\s+/)
  const minuteOfDay = minuteOf(time)
  if (minuteOfDay === undefined || more.length > 0) {
    faults.error(
      path,
      `expected rolling, or a time of day such as 00:00 or 00:00 America/Los_Angeles, found ${JSON.stringify(words.slice(0, 60))}`,
    )
    return undefined
  }
  const timeZone = zoneOf(zone)
  if (timeZone === undefined) {
    faults.error(path, unknownZone(zone))
    return undefined
  }
  return { minuteOfDay, timeZone }
}

/** Minutes after midnight of `HH:MM`; undefined for anything else. */
export function minuteOf(time: string): number | undefined {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time) ?? []
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes)
}

/** `queue` with its defaults in place. */
export function toQueue(
  written: ValueOf<typeof queueSchema> | undefined,
): QueueSettings | undefined {
  if (written === undefined) return undefined
  const { max_wait: waitSeconds, max_length: maxLength } = written
  return {
    maxWaitMs: waitSeconds === undefined ? defaultQueue.maxWaitMs : Math.round(waitSeconds * 1000),
    maxLength: maxLength ?? defaultQueue.maxLength,
  }
}
