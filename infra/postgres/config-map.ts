import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { databaseOwner, scriptsName } from './database.ts'
import { scripts } from './scripts.ts'

/** What makes the roles of the modules. */
export const configMap: Resource<Platform> = {
  file: 'postgres-configmap',
  create: (chart, platform) =>
    new k8s.KubeConfigMap(chart, 'configmap', {
      metadata: metadataOf(databaseOwner(platform), scriptsName),
      data: scripts,
    }),
}
