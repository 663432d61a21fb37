import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { databaseName, databaseOwner } from './database.ts'

/** An identity without a token. */
export const serviceAccount: Resource<Platform> = {
  file: 'postgres-serviceaccount',
  create: (chart, platform) =>
    new k8s.KubeServiceAccount(chart, 'serviceaccount', {
      metadata: metadataOf(databaseOwner(platform), databaseName),
      automountServiceAccountToken: false,
    }),
}
