import type { FleetModule } from '../../infra/fleet.ts'
import { openVariable, takenVariables } from '../../infra/module-variables.ts'
import { configName, gatewayName } from '../../infra/names.ts'
import { readModule } from '../../modules/read-module.ts'
import { listAt, numberAt, textAt, textsAt } from '../deploy/read-json.ts'
import type { BackendFacts, ModuleFacts, PodFacts, PostgresFacts } from './facts.ts'
import { readPod } from './read-pods.ts'
import { optional } from '../../modules/optional.ts'

/** Of one namespace, as `kubectl get … -o json` gives it. */
export interface Objects {
  readonly items: readonly unknown[]
}

export interface ModuleReading {
  readonly objects: Objects
  /** Whether Postgres is ours, so that each module has a login there. */
  readonly isPostgresOurs: boolean
  readonly openSecrets: Readonly<Record<string, readonly string[]>>
}

/** What the cluster has of a module; readiness is asked for later. */
export function readModuleFacts(member: FleetModule, reading: ModuleReading): ModuleFacts {
  const { objects } = reading
  const own = gatewayName(member.name)
  const workload = find(objects, 'Deployment', own)
  const service = find(objects, 'Service', own)
  const pods = podsOf(objects, member.name)
  const rawPods = ofModule(objects, 'Pod', member.name)
  const failure = listAt(workload, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'ReplicaFailure' && textAt(one, 'status') === 'True',
  )
  return {
    name: member.name,
    nodePort: member.nodePort,
    workload: workload === undefined ? 'absent' : 'there',
    wanted: numberAt(workload, 'spec', 'replicas') ?? 0,
    pods,
    isServiceThere: service !== undefined,
    readiness: [],
    backends: backendsOf(member, {
      document: textAt(find(objects, 'ConfigMap', configName(member.name)), 'data', 'config.yaml'),
      host: backendHostOf(workload, rawPods),
    }),
    ...optional('image', textAt(workload, 'spec', 'template', 'spec', 'containers', 0, 'image')),
    ...optional('refused', textAt(failure, 'message')),
    ...optional('servicePort', numberAt(service, 'spec', 'ports', 0, 'nodePort')),
    ...optional('secret', secretOf(member, workload, reading)),
    ...optional('autoscalerFault', autoscalerFault(objects, own)),
  }
}

/** What the cluster has of the bundled Postgres. */
export function readPostgresFacts(objects: Objects, rolesLog: string): PostgresFacts {
  const workload = find(objects, 'StatefulSet', 'postgres')
  const name = secretNameOf(workload, 'password')
  return {
    pods: podsOf(objects, 'postgres'),
    isWorkloadThere: workload !== undefined,
    wanted: numberAt(workload, 'spec', 'replicas') ?? 0,
    rolesLog,
    ...(name !== undefined && { secret: { name, keys: ['POSTGRES_PASSWORD'] } }),
  }
}

export function find({ items }: Objects, kind: string, name: string): unknown {
  return items.find(
    (item) => textAt(item, 'kind') === kind && textAt(item, 'metadata', 'name') === name,
  )
}

function ofModule({ items }: Objects, kind: string, module: string): unknown[] {
  return items.filter(
    (item) =>
      textAt(item, 'kind') === kind && textsAt(item, 'metadata', 'labels')['module'] === module,
  )
}

function podsOf(objects: Objects, module: string): PodFacts[] {
  const events = objects.items.filter((item) => textAt(item, 'kind') === 'Event')
  return (
    ofModule(objects, 'Pod', module)
      // Those that go are nobody's fault.
      .filter((pod) => textAt(pod, 'metadata', 'deletionTimestamp') === undefined)
      .map((pod) => readPod(pod, events))
      .filter(({ phase }) => phase !== 'Succeeded')
  )
}

function secretNameOf(workload: unknown, volume: string): string | undefined {
  const volumes = listAt(workload, 'spec', 'template', 'spec', 'volumes')
  const found = volumes.find((one) => textAt(one, 'name') === volume)
  // Beside an address of Postgres from elsewhere, the keys are the first of several sources.
  return (
    textAt(found, 'secret', 'secretName') ??
    textAt(found, 'projected', 'sources', 0, 'secret', 'name')
  )
}

function secretOf(
  member: FleetModule,
  workload: unknown,
  { isPostgresOurs, openSecrets }: ModuleReading,
): ModuleFacts['secret'] {
  const name = secretNameOf(workload, 'secrets')
  if (name === undefined) return undefined
  const isOpen = openSecrets[name]?.includes(openVariable) ?? false
  const taken = new Set(takenVariables(member))
  const asked = member.variables.filter((one) => !one.hasDefault && taken.has(one.name))
  return {
    name,
    keys: [
      ...(isOpen ? [] : ['LITELLM_MASTER_KEY']),
      'SALT_KEY',
      ...(isPostgresOurs ? ['DATABASE_URL'] : []),
      ...new Set(asked.map((one) => one.name)),
    ],
  }
}

function autoscalerFault({ items }: Objects, target: string): string | undefined {
  const scaler = items.find(
    (item) =>
      textAt(item, 'kind') === 'HorizontalPodAutoscaler' &&
      textAt(item, 'spec', 'scaleTargetRef', 'name') === target,
  )
  const blind = listAt(scaler, 'status', 'conditions').find(
    (one) =>
      textAt(one, 'type') === 'ScalingActive' &&
      textAt(one, 'status') === 'False' &&
      (textAt(one, 'reason') ?? '').startsWith('FailedGet'),
  )
  return blind === undefined ? undefined : (textAt(blind, 'message') ?? 'no metrics')
}

function backendHostOf(workload: unknown, pods: readonly unknown[]): string | undefined {
  const variables = listAt(workload, 'spec', 'template', 'spec', 'containers', 0, 'env')
  const written = variables.find((one) => textAt(one, 'name') === 'BACKEND_HOST')
  const isNode = textAt(written, 'valueFrom', 'fieldRef', 'fieldPath') === 'status.hostIP'
  if (!isNode) return textAt(written, 'value')
  return pods.flatMap((pod) => textAt(pod, 'status', 'hostIP') ?? [])[0]
}

interface BackendReading {
  /** The document in the cluster. */
  readonly document: string | undefined
  readonly host: string | undefined
}

const variable = /\$\{BACKEND_HOST(?::-[^}]*)?\}/g

function backendsOf(member: FleetModule, { document, host }: BackendReading): BackendFacts[] {
  const deployed = document && readModule(document, { file: member.file, name: member.name }).module
  const { models } = deployed || member.module
  const found = new Map<string, BackendFacts>()
  for (const { params } of models) {
    const written = params.apiBase
    if (written === undefined) continue
    const isBackendHost = written.search(variable) >= 0
    const text = written.replaceAll(variable, host ?? '')
    // What another variable fills in is the pod's to know.
    if (text.includes('$') || !URL.canParse(text)) continue
    const { hostname, port, protocol } = new URL(text)
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    if (hostname !== '')
      found.set(`${hostname}:${number}`, { host: hostname, port: number, isBackendHost })
  }
  return [...found.values()]
}
