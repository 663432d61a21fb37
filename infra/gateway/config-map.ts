import { k8s } from 'cdk8s-plus-28'
import { metadataOf } from '../labels.ts'
import { configName } from '../names.ts'
import type { Resource } from '../resource.ts'
import { ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** The document the gateway reads, and reads again when it changes. */
export const configMap: Resource<Gateway> = {
  file: 'configmap',
  create: (chart, gateway) =>
    new k8s.KubeConfigMap(chart, 'configmap', {
      metadata: metadataOf(ownerOf(gateway), configName(gateway.module.name)),
      data: { 'config.yaml': gateway.module.config },
    }),
}
