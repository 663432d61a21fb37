import { gatewayComponent } from '../gateway/gateway.ts'
import { componentLabel } from '../labels.ts'
import { gatewayName } from '../names.ts'
import { monitoringName } from '../prometheus/monitoring.ts'
import type { Synthesis } from '../synthesise.ts'
import { overlay, patch } from './overlay.ts'
import type { Patch } from './overlay.ts'

/** Two pods a module at least, on two nodes, and no port of a node: callers come by an entrance. */
export function production(synthesis: Synthesis): object {
  const few = synthesis.modules.filter(({ deploy: { replicas } }) => replicas === 1)
  return overlay(
    [spread, ...noNodePorts(synthesis)],
    few.length === 0
      ? {}
      : { replicas: few.map(({ name }) => ({ name: gatewayName(name), count: 2 })) },
  )
}

const spread = patch(
  { kind: 'Deployment', labelSelector: `${componentLabel}=${gatewayComponent}` },
  [
    {
      op: 'replace',
      path: '/spec/template/spec/topologySpreadConstraints/0/whenUnsatisfiable',
      value: 'DoNotSchedule',
    },
    // A surge pod of a rollout finds a place beside the old ones.
    { op: 'replace', path: '/spec/template/spec/topologySpreadConstraints/0/maxSkew', value: 2 },
  ],
)

/** No Service of ours has a port on the nodes. */
export function noNodePorts({ modules, platform }: Synthesis): Patch[] {
  const names = modules.map(({ name }) => gatewayName(name))
  if (platform.prometheus.mode === 'bundled') names.push(monitoringName)
  return names.map(onlyInside)
}

function onlyInside(name: string): Patch {
  return patch({ kind: 'Service', name: `^${name}$` }, [
    { op: 'replace', path: '/spec/type', value: 'ClusterIP' },
    { op: 'remove', path: '/spec/ports/0/nodePort' },
  ])
}
