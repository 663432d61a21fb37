import { k8s } from 'cdk8s-plus-28'
import { metadataOf, selectorOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import { ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** One pod at a time leaves a drained node; a single replica does not hold the drain up. */
export const podDisruptionBudget: Resource<Gateway> = {
  file: 'poddisruptionbudget',
  create: (chart, gateway) =>
    new k8s.KubePodDisruptionBudget(chart, 'poddisruptionbudget', {
      metadata: metadataOf(ownerOf(gateway), gatewayName(gateway.module.name)),
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorOf(ownerOf(gateway)) },
      },
    }),
}
