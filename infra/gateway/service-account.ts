import { k8s } from 'cdk8s-plus-28'
import { metadataOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import { ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** An identity without a token: a gateway never talks to the cluster. */
export const serviceAccount: Resource<Gateway> = {
  file: 'serviceaccount',
  create: (chart, gateway) =>
    new k8s.KubeServiceAccount(chart, 'serviceaccount', {
      metadata: metadataOf(ownerOf(gateway), gatewayName(gateway.module.name)),
      automountServiceAccountToken: false,
    }),
}
