import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner, monitoringPort } from './monitoring.ts'

/** Prometheus inside the cluster, and on its node port outside. */
export const service: Resource<Platform> = {
  file: 'prometheus-service',
  create: (chart, platform) => {
    const owner = monitoringOwner(platform)
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(owner, monitoringName),
      spec: {
        type: 'NodePort',
        selector: selectorOf(owner),
        ports: [
          {
            name: monitoringPort.name,
            port: monitoringPort.number,
            targetPort: k8s.IntOrString.fromString(monitoringPort.name),
            nodePort: platform.prometheus.nodePort,
            protocol: 'TCP',
            appProtocol: 'http',
          },
        ],
      },
    })
  },
}
