import { k8s } from 'cdk8s-plus-28'
import { metadataOf, selectorOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import { httpPort, ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** The module's address: port 4000 inside the cluster, its node port outside. */
export const service: Resource<Gateway> = {
  file: 'service',
  create: (chart, gateway) =>
    new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(ownerOf(gateway), gatewayName(gateway.module.name)),
      spec: {
        type: 'NodePort',
        selector: selectorOf(ownerOf(gateway)),
        ports: [
          {
            name: httpPort.name,
            port: httpPort.number,
            targetPort: k8s.IntOrString.fromString(httpPort.name),
            nodePort: gateway.module.nodePort,
            protocol: 'TCP',
            appProtocol: 'http',
          },
        ],
      },
    }),
}
