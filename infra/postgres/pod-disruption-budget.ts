import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf, selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { databaseName, databaseOwner } from './database.ts'

/** A drained node may take the one pod: the gateways go on without it for a while. */
export const podDisruptionBudget: Resource<Platform> = {
  file: 'postgres-poddisruptionbudget',
  create: (chart, platform) => {
    const owner = databaseOwner(platform)
    return new k8s.KubePodDisruptionBudget(chart, 'poddisruptionbudget', {
      metadata: metadataOf(owner, databaseName),
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorOf(owner) },
      },
    })
  },
}
