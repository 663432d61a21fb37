import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { gatewayComponent, metricsPort } from '../gateway/gateway.ts'
import { componentLabel, metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner, monitoringPort } from './monitoring.ts'

/** Where API servers listen: in the cloud and k3s, kubeadm and kind, minikube, MicroK8s. */
const apiServerPorts = [443, 6443, 8443, 16_443]

/** Anyone may look; Prometheus asks gateways for metrics and the API server for pods. */
export const networkPolicy: Resource<Platform> = {
  file: 'prometheus-networkpolicy',
  create: (chart, platform) => {
    const owner = monitoringOwner(platform)
    return new k8s.KubeNetworkPolicy(chart, 'networkpolicy', {
      metadata: metadataOf(owner, monitoringName),
      spec: {
        podSelector: { matchLabels: selectorOf(owner) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [port(monitoringPort.name)] }],
        egress: [
          {
            to: [{ podSelector: { matchLabels: { [componentLabel]: gatewayComponent } } }],
            ports: [port(metricsPort.name)],
          },
          { ports: apiServerPorts.map((number) => port(number)) },
          { ports: [port(53), port(53, 'UDP')] },
        ],
      },
    })
  },
}

function port(nameOrNumber: number | string, protocol = 'TCP'): k8s.NetworkPolicyPort {
  const value =
    typeof nameOrNumber === 'string'
      ? k8s.IntOrString.fromString(nameOrNumber)
      : k8s.IntOrString.fromNumber(nameOrNumber)
  return { port: value, protocol }
}
