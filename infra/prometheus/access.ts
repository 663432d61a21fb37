import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { metadataOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner } from './monitoring.ts'

/** The identity discovery asks as. */
export const serviceAccount: Resource<Platform> = {
  file: 'prometheus-serviceaccount',
  create: (chart, platform) =>
    new k8s.KubeServiceAccount(chart, 'serviceaccount', {
      metadata: metadataOf(monitoringOwner(platform), monitoringName),
      automountServiceAccountToken: false,
    }),
}

/** All it may do: see the pods of its own namespace. */
export const role: Resource<Platform> = {
  file: 'prometheus-role',
  create: (chart, platform) =>
    new k8s.KubeRole(chart, 'role', {
      metadata: metadataOf(monitoringOwner(platform), monitoringName),
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }],
    }),
}

export const roleBinding: Resource<Platform> = {
  file: 'prometheus-rolebinding',
  create: (chart, platform) =>
    new k8s.KubeRoleBinding(chart, 'rolebinding', {
      metadata: metadataOf(monitoringOwner(platform), monitoringName),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: monitoringName },
      subjects: [{ kind: 'ServiceAccount', name: monitoringName, namespace: platform.namespace }],
    }),
}
