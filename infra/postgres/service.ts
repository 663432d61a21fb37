import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { databaseName, databaseOwner, databasePort } from './database.ts'

const ports = [
  {
    name: databasePort.name,
    port: databasePort.number,
    targetPort: k8s.IntOrString.fromString(databasePort.name),
    protocol: 'TCP',
  },
]

/** The address the gateways use: postgres:5432. */
export const service: Resource<Platform> = {
  file: 'postgres-service',
  create: (chart, platform) => {
    const owner = databaseOwner(platform)
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(owner, databaseName),
      spec: { type: 'ClusterIP', selector: selectorOf(owner), ports },
    })
  },
}

/** The pod's own address, which the StatefulSet wants and which works where ClusterIPs do not. */
export const headlessService: Resource<Platform> = {
  file: 'postgres-service-headless',
  create: (chart, platform) => {
    const owner = databaseOwner(platform)
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(owner, `${databaseName}-headless`),
      spec: {
        type: 'ClusterIP',
        clusterIp: 'None',
        publishNotReadyAddresses: true,
        selector: selectorOf(owner),
        ports,
      },
    })
  },
}
