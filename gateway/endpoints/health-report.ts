import type { ServerHealth } from '../upstream/probe.ts'
import type { Serving } from '../pipeline/serving.ts'
import {
  adviceFor,
  mergeDeployment,
  reportDeployment,
  type DeploymentHealth,
} from './deployment-health.ts'

/** What one worker knows of its deployments, from real traffic alone. */
export interface HealthReport {
  readonly deployments: readonly DeploymentHealth[]
  readonly leftOut: readonly {
    readonly path: string
    readonly modelName: string
    readonly message: string
  }[]
}

export function reportHealth(serving: Serving | undefined, now: number): HealthReport {
  if (!serving) return { deployments: [], leftOut: [] }
  const deployments = serving.router.deployments.map((one) => reportDeployment(one, now))
  return { deployments, leftOut: serving.leftOut }
}

export interface HealthView {
  /** Addresses, ids and errors are the master key's to see. */
  readonly isMaster: boolean
  readonly servers: readonly ServerHealth[]
}

/** LiteLLM's shape of `/health`, over all workers; without the master key only names and outcomes. */
export function mergeHealth(
  reports: readonly HealthReport[],
  { isMaster, servers }: HealthView,
): unknown {
  const merged = new Map<string, DeploymentHealth>()
  for (const deployment of reports.flatMap((report) => report.deployments)) {
    const other = merged.get(deployment.modelId)
    merged.set(deployment.modelId, other ? mergeDeployment(other, deployment) : deployment)
  }
  const healthy: unknown[] = []
  const unhealthy: unknown[] = []
  for (const deployment of merged.values()) {
    const isWell = deployment.lastOutcome === undefined || deployment.lastOutcome.code === 'ok'
    const list = isWell ? healthy : unhealthy
    list.push(isMaster ? forMaster(deployment) : forAnyone(deployment))
  }
  const leftOut = reports[0]?.leftOut ?? []
  for (const { modelName, message, path } of leftOut) {
    unhealthy.push({
      model: modelName,
      last_outcome: 'left_out',
      ...(isMaster && { path, error: message }),
    })
  }
  return {
    healthy_endpoints: healthy,
    unhealthy_endpoints: unhealthy,
    healthy_count: healthy.length,
    unhealthy_count: unhealthy.length,
    ...(servers.length > 0 && { servers }),
  }
}

function forAnyone({ model, lastOutcome }: DeploymentHealth): unknown {
  return { model, last_outcome: lastOutcome?.code ?? 'unknown', ...timeOf(lastOutcome) }
}

function forMaster(deployment: DeploymentHealth): unknown {
  const { lastOutcome, configurationFault, gate } = deployment
  return {
    model: deployment.model,
    model_id: deployment.modelId,
    api_base: deployment.apiBase,
    provider: deployment.provider,
    in_flight: deployment.inFlight,
    breaker: deployment.breaker,
    cooling_for_ms: deployment.coolingForMs,
    limited_for_ms: deployment.limitedForMs,
    latency_ms: deployment.latencyMs,
    ...(configurationFault && {
      configuration_fault: configurationFault,
      error: adviceFor(deployment),
    }),
    last_outcome: lastOutcome?.code ?? 'unknown',
    ...(lastOutcome?.status !== undefined && { last_status: lastOutcome.status }),
    ...timeOf(lastOutcome),
    ...(gate && gate.quotas.length > 0 && { quotas: gate.quotas.map(quotaView) }),
    ...(gate?.slots && { slots: gate.slots }),
  }
}

type QuotaReport = NonNullable<DeploymentHealth['gate']>['quotas'][number]

function quotaView({ unit, per, amount, remaining, resetsInMs }: QuotaReport): unknown {
  return { unit, per, amount, remaining, resets_in_ms: Math.round(resetsInMs) }
}

function timeOf(outcome: DeploymentHealth['lastOutcome']): { last_outcome_at?: string } {
  return outcome ? { last_outcome_at: new Date(outcome.atMs).toISOString() } : {}
}
