import type { DeploymentParams, Quota } from '../../modules/module.ts'
import type { CounterSpec, Window } from './counter.ts'

/** One amount of a deployment that is used up by its calls. */
export interface QuotaSpec extends CounterSpec {
  readonly unit: Quota['unit']
  readonly per: Quota['per']
  /** It is `rpm` or `tpm`. */
  readonly isRate: boolean
}

const periodsMs = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
} as const

/** The length of a period, milliseconds; a month has 30 days where it is not one of a calendar. */
export function periodMs(per: Quota['per']): number {
  return periodsMs[per]
}

/**
 * Every amount of a deployment that its calls use up, under keys that are the same on every replica and over
 * restarts. `rpm` and `tpm` are among them only where they are limits.
 */
export function quotaSpecsOf(
  deploymentId: string,
  { quotas = [], rpm, tpm }: DeploymentParams,
  areRatesLimits: boolean,
): QuotaSpec[] {
  const specs = quotas.map((quota) => specOf(`quota:${deploymentId}`, quota))
  const rates: QuotaSpec[] = []
  if (areRatesLimits && rpm !== undefined) rates.push(rateOf(deploymentId, 'requests', rpm))
  if (areRatesLimits && tpm !== undefined) rates.push(rateOf(deploymentId, 'tokens', tpm))
  return [...rates, ...withOwnKeys(specs)]
}

function specOf(name: string, { unit, amount, per, resets }: Quota): QuotaSpec {
  const window: Window =
    resets === 'rolling'
      ? { kind: 'rolling', periodMs: periodMs(per) }
      : { kind: 'calendar', per, ...resets }
  return { key: `${name}:${unit}:${per}`, unit, per, amount, window, isRate: false }
}

function rateOf(deploymentId: string, unit: Quota['unit'], amount: number): QuotaSpec {
  const rate = specOf(`rate:${deploymentId}`, { unit, amount, per: 'minute', resets: 'rolling' })
  return { ...rate, isRate: true }
}

// Two days that begin at different hours are two amounts.
function withOwnKeys(specs: readonly QuotaSpec[]): QuotaSpec[] {
  const taken = new Map<string, number>()
  return specs.map((spec) => {
    const count = (taken.get(spec.key) ?? 0) + 1
    taken.set(spec.key, count)
    return count === 1 ? spec : { ...spec, key: `${spec.key}:${count}` }
  })
}
