import { k8s } from 'cdk8s-plus-28'
import { metadataOf, selectorOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import { monitoringName } from '../prometheus/monitoring.ts'
import type { Resource } from '../resource.ts'
import { httpPort, metricsPort, ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** Anyone may ask for answers, Prometheus for metrics; a gateway may ask any backend. */
export const networkPolicy: Resource<Gateway> = {
  file: 'networkpolicy',
  create: (chart, gateway) => {
    const owner = ownerOf(gateway)
    return new k8s.KubeNetworkPolicy(chart, 'networkpolicy', {
      metadata: metadataOf(owner, gatewayName(gateway.module.name)),
      spec: {
        podSelector: { matchLabels: selectorOf(owner) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { ports: [{ port: k8s.IntOrString.fromString(httpPort.name), protocol: 'TCP' }] },
          {
            ...metricsReaders(gateway),
            ports: [{ port: k8s.IntOrString.fromString(metricsPort.name), protocol: 'TCP' }],
          },
        ],
        // Backends are wherever a module file says: Postgres, DNS, this node, the internet.
        egress: [{}],
      },
    })
  },
}

/** Our Prometheus alone; where there is another, its namespace if that is known, else whoever asks. */
function metricsReaders({ platform }: Gateway): Pick<k8s.NetworkPolicyIngressRule, 'from'> {
  const { mode, namespace } = platform.prometheus
  if (mode === 'bundled')
    return { from: [{ podSelector: { matchLabels: { module: monitoringName } } }] }
  if (namespace === undefined) return {}
  const matchLabels = { 'kubernetes.io/metadata.name': namespace }
  return { from: [{ namespaceSelector: { matchLabels } }] }
}
