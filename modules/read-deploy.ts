import { deploySchema } from './deploy-schema.ts'
import type { FaultList } from './fault-list.ts'
import type { Autoscaling, DeploySettings, Resources } from './module.ts'
import { nearestNames } from './nearest-name.ts'
import { optional } from './optional.ts'
import { readPlacement } from './placement-schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'

type Deploy = ValueOf<typeof deploySchema>

const defaultRequests = { cpu: '100m', memory: '128Mi' }
const defaultLimits = { memory: '256Mi' }
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
    resources: readResources(deploy, faults),
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

function readResources({ resources }: Deploy, faults: FaultList): Resources {
  const requests = { ...defaultRequests, ...resources?.requests }
  const limits = resources?.limits ?? raisedLimits(requests.memory)
  for (const part of ['requests', 'limits'] as const) {
    for (const name of Object.keys(resources?.[part] ?? {})) checkName(part, name, faults)
  }
  for (const [name, limit] of Object.entries(limits)) {
    const request = Object.entries(requests).find(([key]) => key === name)?.[1]
    if (request === undefined || amountOf(request) <= amountOf(limit)) continue
    if (resources?.requests?.[name] === undefined) {
      Object.assign(requests, { [name]: limit })
      continue
    }
    faults.error(
      ['deploy', 'resources', 'limits', name],
      `expected at least the request, ${request}, found ${limit}`,
    )
  }
  return { requests, limits }
}

/** A request above the usual limit raises the limit to itself. */
function raisedLimits(memory: string): Record<string, string> {
  return amountOf(memory) > amountOf(defaultLimits.memory) ? { memory } : defaultLimits
}

const resourceNames = ['cpu', 'memory', 'ephemeral-storage']

function checkName(part: string, name: string, faults: FaultList): void {
  if (resourceNames.includes(name) || name.includes('/') || name.startsWith('hugepages-')) return
  const [near] = nearestNames(name, resourceNames, 1)
  const hint = near === undefined ? '' : `, did you mean ${near}?`
  faults.error(
    ['deploy', 'resources', part, name],
    `unknown resource${hint}${hint === '' ? ', expected cpu, memory, ephemeral-storage or a device such as nvidia.com/gpu' : ''}`,
    { part: 'key' },
  )
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** The amount of a Kubernetes quantity, as a plain number. */
function amountOf(quantity: string): number {
  const [, digits = '0', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? []
  return Number(digits) * (factors[unit] ?? 1)
}
