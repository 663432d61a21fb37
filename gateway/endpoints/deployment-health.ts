import type { GateReport } from '../limits/gate.ts'
import type { BreakerState } from '../routing/breaker.ts'
import type { Deployment } from '../routing/deployment.ts'

/** What one worker knows of one deployment: plain data, which workers send each other. */
export interface DeploymentHealth {
  readonly model: string
  readonly modelId: string
  readonly provider: string
  readonly apiBase: string
  readonly inFlight: number
  readonly breaker: BreakerState
  readonly coolingForMs: number
  /** Until a 429's reset. */
  readonly limitedForMs: number
  readonly latencyMs: number
  readonly configurationFault?: string
  readonly lastOutcome?: { readonly code: string; readonly status?: number; readonly atMs: number }
  readonly gate?: GateReport
}

/** A deployment's health as its real traffic shows it. `now`: monotonic milliseconds. */
export function reportDeployment(
  { health, gate, ...deployment }: Deployment,
  now: number,
): DeploymentHealth {
  const { lastOutcome, lastStatus, configurationFault } = health
  return {
    model: deployment.modelName,
    modelId: deployment.id,
    provider: deployment.provider.name,
    apiBase: deployment.origin + deployment.basePath,
    inFlight: health.inFlight,
    breaker: health.breaker(now),
    coolingForMs: Math.round(health.coolingMs(now)),
    limitedForMs: Math.round(health.limitedMs(now)),
    latencyMs: Math.round(health.latencyMs(now)),
    ...(configurationFault && { configurationFault }),
    ...(lastOutcome && {
      lastOutcome: { ...lastOutcome, ...(lastStatus !== undefined && { status: lastStatus }) },
    }),
    ...(gate && { gate: gate.report(now) }),
  }
}

/** What two workers know of the same deployment, as one: the newest outcome, the longest rest, the least that is left. */
export function mergeDeployment(a: DeploymentHealth, b: DeploymentHealth): DeploymentHealth {
  const newest = (b.lastOutcome?.atMs ?? 0) > (a.lastOutcome?.atMs ?? 0) ? b : a
  const gate = a.gate && b.gate ? mergeGates(a.gate, b.gate) : (a.gate ?? b.gate)
  return {
    ...newest,
    inFlight: a.inFlight + b.inFlight,
    breaker: severity[a.breaker] >= severity[b.breaker] ? a.breaker : b.breaker,
    coolingForMs: Math.max(a.coolingForMs, b.coolingForMs),
    limitedForMs: Math.max(a.limitedForMs, b.limitedForMs),
    latencyMs: Math.max(a.latencyMs, b.latencyMs),
    ...(gate && { gate }),
  }
}

const severity: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 }

// A worker that knows of less has heard of it last. Places that are free, and those who wait, are one worker's each.
function mergeGates(a: GateReport, b: GateReport): GateReport {
  const quotas = a.quotas.map((quota, at) => {
    const other = b.quotas[at]
    return other && other.remaining < quota.remaining ? other : quota
  })
  const slots =
    a.slots && b.slots
      ? {
          total: a.slots.total,
          free: a.slots.free + b.slots.free,
          queued: a.slots.queued + b.slots.queued,
        }
      : (a.slots ?? b.slots)
  return { quotas, ...(slots && { slots }) }
}

/** What to do about a configuration fault; undefined where there is none. */
export function adviceFor(deployment: DeploymentHealth): string | undefined {
  const { configurationFault: fault, lastOutcome } = deployment
  if (fault === undefined) return undefined
  const status = lastOutcome?.code === fault ? lastOutcome.status : undefined
  const [what, mend] = adviceOf(fault, status)
  return `${what}${status === undefined ? '' : ` (${status})`}. ${mend} A real request finds out now and then whether that has been done.`
}

function adviceOf(fault: string, status: number | undefined): readonly [string, string] {
  if (fault === 'upstream_lacks_model') {
    return [
      'The server knows no such model or path',
      "Pull the model there, or correct the model's name or its api_base.",
    ]
  }
  return status === 402
    ? ['The account of the api_key is out of credit', 'Pay, or set another api_key.']
    : ['The server refuses the api_key', 'Set a valid one that may use this model.']
}
