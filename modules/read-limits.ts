import type { FaultList } from './fault-list.ts'
import { fieldOf } from './json-object.ts'
import type { DeploymentParams, Quota } from './module.ts'
import { optional } from './optional.ts'
import { hasPlaceholder } from './placeholders.ts'
import { minuteOf, readQuotas, toQueue } from './read-quotas.ts'
import type { paramsSchema } from './params-schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'
import type { Path } from './yaml-source.ts'

type Params = ValueOf<typeof paramsSchema>
type Limits = Pick<DeploymentParams, 'quotas' | 'maxParallelRequests' | 'queue'>

interface Reading {
  readonly areRatesEnforced: boolean
  readonly reader: SchemaReader
  readonly faults: FaultList
}

/** What a deployment may be sent: quotas, requests at once, and how callers wait for a place. */
export function readLimits(params: Params, written: unknown, path: Path, reading: Reading): Limits {
  const quotas = [
    ...readQuotas(fieldOf(written, 'quota'), [...path, 'quota'], reading),
    ...readDaily(params, path, reading),
  ]
  return {
    ...(quotas.length > 0 ? { quotas } : {}),
    ...optional('maxParallelRequests', params.max_parallel_requests),
    ...optional('queue', toQueue(params.queue)),
  }
}

/** LiteLLM's rpd and tpd: quotas of a day, where the module enforces rates. */
function readDaily(params: Params, path: Path, { areRatesEnforced, faults }: Reading): Quota[] {
  const daily = [
    ['rpd', 'requests', params.rpd],
    ['tpd', 'tokens', params.tpd],
  ] as const
  const minuteOfDay = readResetTime(params.daily_reset_time, path, faults)
  return daily.flatMap(([key, unit, amount]) => {
    if (amount === undefined) return []
    if (!areRatesEnforced) {
      faults.warning(
        [...path, key],
        `it limits nothing without router_settings.optional_pre_call_checks: [enforce_model_rate_limits]; a limit of its own is quota: {unit: ${unit}, amount: ${amount}, per: day}`,
      )
      return []
    }
    return [{ unit, amount, per: 'day', resets: { minuteOfDay, timeZone: 'UTC' } }]
  })
}

function readResetTime(written: string | undefined, path: Path, faults: FaultList): number {
  if (written === undefined || hasPlaceholder(written)) return 0
  const minuteOfDay = minuteOf(written.trim())
  if (minuteOfDay !== undefined) return minuteOfDay
  faults.error(
    [...path, 'daily_reset_time'],
    `expected a time of day such as 00:00, in UTC, found ${JSON.stringify(written.slice(0, 60))}`,
  )
  return 0
}
