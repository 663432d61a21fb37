import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf } from '../labels.ts'
import { quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner } from './monitoring.ts'

/** Where series are kept when platform.yaml gives Prometheus a storage; else they go with the pod. */
export const volumeClaim: Resource<Platform> = {
  file: 'prometheus-persistentvolumeclaim',
  create: (chart, platform) => {
    const { storage, storageClass } = platform.prometheus
    if (storage === undefined) return undefined
    return new k8s.KubePersistentVolumeClaim(chart, 'persistentvolumeclaim', {
      metadata: metadataOf(monitoringOwner(platform), monitoringName),
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: quantities({ storage }) },
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      },
    })
  },
}
