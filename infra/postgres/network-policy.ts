import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { gatewayComponent } from '../gateway/gateway.ts'
import { componentLabel, metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { databaseName, databaseOwner, databasePort } from './database.ts'

/** Gateways may ask; Postgres itself asks nobody. */
export const networkPolicy: Resource<Platform> = {
  file: 'postgres-networkpolicy',
  create: (chart, platform) => {
    const owner = databaseOwner(platform)
    return new k8s.KubeNetworkPolicy(chart, 'networkpolicy', {
      metadata: metadataOf(owner, databaseName),
      spec: {
        podSelector: { matchLabels: selectorOf(owner) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { [componentLabel]: gatewayComponent } } }],
            ports: [{ port: k8s.IntOrString.fromString(databasePort.name), protocol: 'TCP' }],
          },
        ],
        egress: [],
      },
    })
  },
}
