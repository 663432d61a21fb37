import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner } from './monitoring.ts'

/** A drained node may take the one pod. */
export const podDisruptionBudget: Resource<Platform> = {
  file: 'prometheus-poddisruptionbudget',
  create: (chart, platform) => {
    const owner = monitoringOwner(platform)
    return new k8s.KubePodDisruptionBudget(chart, 'poddisruptionbudget', {
      metadata: metadataOf(owner, monitoringName),
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorOf(owner) },
      },
    })
  },
}
