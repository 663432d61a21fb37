import type { Synthesis } from '../synthesise.ts'

/** A kind cluster whose node ports answer on this machine. */
export function kindCluster({ modules, platform }: Synthesis): object {
  const ports = [
    ...modules.map(({ nodePort }) => nodePort),
    ...(platform.prometheus.mode === 'bundled' ? [platform.prometheus.nodePort] : []),
  ]
  return {
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    kind: 'Cluster',
    name: 'colonnade',
    nodes: [
      {
        role: 'control-plane',
        extraPortMappings: ports.map((port) => ({
          containerPort: port,
          hostPort: port,
          listenAddress: '127.0.0.1',
          protocol: 'TCP',
        })),
      },
    ],
  }
}
