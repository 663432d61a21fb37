import type { k8s } from 'cdk8s-plus-28'

/** What an object is for; Prometheus and the database's policy find gateways by it. */
export const componentLabel = 'app.kubernetes.io/component'

/** Whose an object is: a module, or `postgres`, `prometheus`, `shared`. */
export interface Owner {
  readonly module: string
  readonly component:
    | 'gateway'
    | 'metrics'
    | 'model-server'
    | 'endpoint-picker'
    | 'database'
    | 'monitoring'
    | 'platform'
  readonly namespace: string
}

/** On every object and pod. */
export function labelsOf({ module, component }: Owner): Record<string, string> {
  return {
    module,
    'app.kubernetes.io/name': component === 'gateway' ? `${module}-gateway` : module,
    [componentLabel]: component,
    'app.kubernetes.io/part-of': 'colonnade',
    'app.kubernetes.io/managed-by': 'colonnade',
  }
}

/** What selectors go by. Immutable in a cluster, so it never changes. */
export function selectorOf({ module }: Owner): Record<string, string> {
  return { module }
}

/** The metadata of an object of this owner. */
export function metadataOf(owner: Owner, name: string): k8s.ObjectMeta {
  return { name, namespace: owner.namespace, labels: labelsOf(owner) }
}
