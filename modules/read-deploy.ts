import { deploySchema, gatewayResources } from './deploy-schema.ts'
import type { FaultList } from './fault-list.ts'
import type { Autoscaling, DeploySettings } from './module.ts'
import { optional } from './optional.ts'
import { readPlacement } from './placement-schema.ts'
import { readBackends } from './read-backends.ts'
import { readResources } from './read-resources.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'

type Deploy = ValueOf<typeof deploySchema>

const takenPorts = new Map([[30900, 'Prometheus']])

/** `deploy`, with every default in place. */
export function readDeploy(raw: unknown, reader: SchemaReader, faults: FaultList): DeploySettings {
  const deploy = reader.read(deploySchema, raw, ['deploy']) ?? {}
  checkPort(deploy, faults)
  checkScale(deploy, faults)
  const scale = deploy.autoscaling
  return {
    ...optional('nodePort', deploy.node_port),
    replicas: deploy.replicas === undefined ? (scale ? null : 1) : deploy.replicas,
    ...optional('autoscaling', scale && readScale(scale)),
    resources: readResources(deploy.resources, {
      defaults: gatewayResources,
      path: ['deploy', 'resources'],
      faults,
    }),
    ...optional('backends', deploy.backends && readBackends(deploy.backends, faults)),
    ...readPlacement(deploy),
    ...optional('secret', deploy.secret),
    secrets: [...new Set(deploy.secrets ?? [])],
  }
}

function checkPort({ node_port: port }: Deploy, faults: FaultList): void {
  const owner = port === undefined ? undefined : takenPorts.get(port)
  if (owner !== undefined) {
    faults.error(['deploy', 'node_port'], `expected a free port, found ${port}, which ${owner} has`)
  }
}

function readScale(scale: NonNullable<Deploy['autoscaling']>): Autoscaling {
  const { min = 1, max, target_cpu_percent: cpu, target_in_flight: inFlight } = scale
  return {
    min,
    max,
    ...optional('targetCpuPercent', inFlight === undefined ? (cpu ?? 70) : cpu),
    ...optional('targetInFlight', inFlight),
  }
}

function checkScale({ replicas, autoscaling }: Deploy, faults: FaultList): void {
  if (!autoscaling) return
  if (typeof replicas === 'number') {
    faults.error(['deploy', 'replicas'], 'expected either replicas or autoscaling, found both')
  }
  if (autoscaling.min === 0 && autoscaling.target_in_flight === undefined) {
    faults.error(
      ['deploy', 'autoscaling', 'min'],
      'expected at least 1, found 0: pods that are not there use no CPU; write target_in_flight to scale by requests',
    )
  }
  if ((autoscaling.min ?? 1) > autoscaling.max) {
    faults.error(
      ['deploy', 'autoscaling', 'max'],
      `expected at least min, ${autoscaling.min ?? 1}, found ${autoscaling.max}`,
    )
  }
}
