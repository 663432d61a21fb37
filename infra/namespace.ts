import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../modules/platform.ts'
import { labelsOf } from './labels.ts'
import type { Owner } from './labels.ts'
import type { Resource } from './resource.ts'

const level = 'restricted'

/** Whose the objects are that no module and no service has. */
export function sharedOwner({ namespace: name }: Pick<Platform, 'namespace'>): Owner {
  return { module: 'shared', component: 'platform', namespace: name }
}

/** Where everything lives. Admits nothing below the `restricted` level; first by alphabet, as `apply -f` goes. */
export const namespace: Resource<Platform> = {
  file: '00-namespace',
  create: (chart, platform) =>
    new k8s.KubeNamespace(chart, 'namespace', {
      metadata: {
        name: platform.namespace,
        labels: {
          ...labelsOf(sharedOwner(platform)),
          'pod-security.kubernetes.io/enforce': level,
          'pod-security.kubernetes.io/enforce-version': 'latest',
          'pod-security.kubernetes.io/audit': level,
          'pod-security.kubernetes.io/warn': level,
        },
      },
    }),
}
