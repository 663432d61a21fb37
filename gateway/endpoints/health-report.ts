import type { ServerHealth } from '../upstream/probe.ts'
import type { Serving } from '../pipeline/serving.ts'

/** What one worker knows of its deployments, from real traffic alone. */
export interface HealthReport {
  readonly deployments: readonly DeploymentHealth[]
  readonly leftOut: readonly {
    readonly path: string
    readonly modelName: string
    readonly message: string
  }[]
}

interface DeploymentHealth {
  readonly model: string
  readonly modelId: string
  readonly provider: string
  readonly apiBase: string
  readonly inFlight: number
  readonly coolingForMs: number
  readonly configurationFault?: string
  readonly lastOutcome?: { readonly code: string; readonly atMs: number }
}

export function reportHealth(serving: Serving | undefined, now: number): HealthReport {
  if (!serving) return { deployments: [], leftOut: [] }
  const deployments = serving.router.deployments.map(({ health, ...deployment }) => ({
    model: deployment.modelName,
    modelId: deployment.id,
    provider: deployment.provider.name,
    apiBase: deployment.origin + deployment.basePath,
    inFlight: health.inFlight,
    coolingForMs: Math.round(health.coolingForMs(now)),
    ...(health.configurationFault && { configurationFault: health.configurationFault }),
    ...(health.lastOutcome && { lastOutcome: health.lastOutcome }),
  }))
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
    merged.set(deployment.modelId, other ? newer(other, deployment) : deployment)
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

function newer(a: DeploymentHealth, b: DeploymentHealth): DeploymentHealth {
  const latest = (b.lastOutcome?.atMs ?? 0) > (a.lastOutcome?.atMs ?? 0) ? b : a
  return {
    ...latest,
    inFlight: a.inFlight + b.inFlight,
    coolingForMs: Math.max(a.coolingForMs, b.coolingForMs),
  }
}

function forAnyone({ model, lastOutcome }: DeploymentHealth): unknown {
  return { model, last_outcome: lastOutcome?.code ?? 'unknown', ...timeOf(lastOutcome) }
}

function forMaster(deployment: DeploymentHealth): unknown {
  return {
    model: deployment.model,
    model_id: deployment.modelId,
    api_base: deployment.apiBase,
    provider: deployment.provider,
    in_flight: deployment.inFlight,
    cooling_for_ms: deployment.coolingForMs,
    ...(deployment.configurationFault && { configuration_fault: deployment.configurationFault }),
    last_outcome: deployment.lastOutcome?.code ?? 'unknown',
    ...timeOf(deployment.lastOutcome),
  }
}

function timeOf(outcome: DeploymentHealth['lastOutcome']): { last_outcome_at?: string } {
  return outcome ? { last_outcome_at: new Date(outcome.atMs).toISOString() } : {}
}
