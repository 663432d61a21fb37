import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf } from '../labels.ts'
import { toManifestText } from '../manifest-text.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner } from './monitoring.ts'
import { scrapeConfig } from './scrape-config.ts'

/** Prometheus's configuration, which it reads again when it changes. */
export const configMap: Resource<Platform> = {
  file: 'prometheus-configmap',
  create: (chart, platform) =>
    new k8s.KubeConfigMap(chart, 'configmap', {
      metadata: metadataOf(monitoringOwner(platform), `${monitoringName}-config`),
      data: { 'prometheus.yml': toManifestText(scrapeConfig(platform)) },
    }),
}
