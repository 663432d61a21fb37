import type { k8s } from 'cdk8s-plus-28'
import { apiTokenMount } from '../api-token.ts'
import { environmentOf } from '../gateway/workload.ts'
import { httpPort, metricsPort } from '../gateway/gateway.ts'
import type { FleetModule } from '../fleet.ts'
import { toManifestText } from '../manifest-text.ts'
import { gatewayName } from '../names.ts'
import { databaseName, maxConnections } from '../postgres/database.ts'
import { monitoringName, monitoringPort } from '../prometheus/monitoring.ts'
import type { Synthesis } from '../synthesise.ts'
import { overlay, patch } from './overlay.ts'
import type { Patch, Step } from './overlay.ts'
import { noNodePorts } from './production.ts'

const loopback = '127.0.0.1'

/** Apart from every other module's, outside of what a cluster gives away and of what outgoing connections take. */
function metricsPortOf({ nodePort }: Pick<FleetModule, 'nodePort'>): number {
  return nodePort - 10_000
}

/**
 * For one node whose DNS and cluster addresses are dead: every pod in the node's own network, each module at the port
 * that is its node port elsewhere, addresses in place of names.
 */
export function hostNetwork(synthesis: Synthesis): object {
  const { modules, platform } = synthesis
  return overlay([
    admitEverything,
    ...noNodePorts(synthesis),
    ...modules.map((module) => ofModule(module, synthesis)),
    ...(platform.postgres.mode === 'bundled' ? [ofPostgres] : []),
    ...(platform.prometheus.mode === 'bundled' ? ofPrometheus(synthesis) : []),
  ])
}

const pod = '/spec/template/spec'
const container = `${pod}/containers/0`

/** The node's network is more than even the `baseline` level admits. */
const admitEverything = patch(
  { kind: 'Namespace' },
  ['enforce', 'audit', 'warn'].map((mode) => ({
    op: 'replace',
    path: `/metadata/labels/pod-security.kubernetes.io~1${mode}`,
    value: 'privileged',
  })),
)

const inTheNodesNetwork: readonly Step[] = [
  { op: 'add', path: `${pod}/hostNetwork`, value: true },
  // Not ClusterFirstWithHostNet, which asks the very DNS that is dead.
  { op: 'add', path: `${pod}/dnsPolicy`, value: 'Default' },
]

/** Two pods cannot have one port. */
const oneAtATime: readonly Step[] = [
  { op: 'add', path: '/spec/replicas', value: 1 },
  { op: 'replace', path: '/spec/strategy', value: { type: 'Recreate' } },
]

/** In place of the name that nobody answers for. */
const knowsPostgres: Step = {
  op: 'add',
  path: `${pod}/hostAliases`,
  value: [{ ip: loopback, hostnames: [databaseName] }],
}

function ofModule(module: FleetModule, { platform }: Synthesis): Patch {
  const ports = [
    { ...httpPort, number: module.nodePort },
    { ...metricsPort, number: metricsPortOf(module) },
  ]
  return patch({ kind: 'Deployment', name: gatewayName(module.name) }, [
    ...oneAtATime,
    ...inTheNodesNetwork,
    ...(platform.postgres.mode === 'bundled' ? [knowsPostgres] : []),
    {
      op: 'replace',
      path: `${container}/ports`,
      value: ports.map(({ name, number }) => ({ name, containerPort: number, protocol: 'TCP' })),
    },
    { op: 'replace', path: `${container}/env`, value: environmentHere(module, platform) },
  ])
}

/** The usual variables, with ports of its own and backends by the node's address. */
function environmentHere(module: FleetModule, platform: Synthesis['platform']): k8s.EnvVar[] {
  const own: Readonly<Record<string, string>> = {
    PORT: String(module.nodePort),
    METRICS_PORT: String(metricsPortOf(module)),
  }
  return environmentOf({ module, platform: { ...platform, backendHost: 'node' } }).map(
    (variable) => {
      const value = own[variable.name]
      return value === undefined ? variable : { ...variable, value }
    },
  )
}

const ofPostgres = patch({ kind: 'StatefulSet', name: databaseName }, [
  ...inTheNodesNetwork,
  {
    op: 'replace',
    path: `${container}/args`,
    value: [
      'postgres',
      '-c',
      `max_connections=${maxConnections}`,
      '-c',
      `listen_addresses=${loopback}`,
    ],
  },
])

function ofPrometheus({ modules, platform }: Synthesis): Patch[] {
  const { nodePort } = platform.prometheus
  const target = { kind: 'Deployment', name: monitoringName }
  return [
    patch({ kind: 'ConfigMap', name: `${monitoringName}-config` }, [
      { op: 'replace', path: '/data/prometheus.yml', value: toManifestText(scrapeConfig(modules)) },
    ]),
    patch(target, [
      ...inTheNodesNetwork,
      // It asks nobody for pods, and could not.
      ...without(`${pod}/volumes/2`, apiTokenMount.name),
      ...without(`${container}/volumeMounts/2`, apiTokenMount.name),
      {
        op: 'add',
        path: `${container}/args/-`,
        value: `--web.listen-address=${loopback}:${nodePort}`,
      },
      {
        op: 'replace',
        path: `${container}/ports`,
        value: [{ name: monitoringPort.name, containerPort: nodePort, protocol: 'TCP' }],
      },
      ...['startup', 'readiness', 'liveness'].map((probe): Step => ({
        op: 'add',
        path: `${container}/${probe}Probe/httpGet/host`,
        value: loopback,
      })),
    ]),
  ]
}

/** Takes a member of a list away, whose name makes sure that it is this one. */
function without(path: string, name: string): Step[] {
  return [
    { op: 'test', path: `${path}/name`, value: name },
    { op: 'remove', path },
  ]
}

/** The metrics ports by number. */
function scrapeConfig(modules: readonly FleetModule[]): object {
  return {
    global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
    scrape_configs: [
      {
        job_name: 'gateway',
        fallback_scrape_protocol: 'PrometheusText0.0.4',
        static_configs: [
          { targets: modules.map((module) => `${loopback}:${metricsPortOf(module)}`) },
        ],
      },
    ],
  }
}
