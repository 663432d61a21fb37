/** What holds data or keys; taken away only when told. */
const kept = new Set([
  'persistentvolumeclaims',
  'secrets',
  'externalsecrets.external-secrets.io',
  // Its volumes go with it.
  'clusters.postgresql.cnpg.io',
])

/** What goes with its owner, or comes back until its owner is gone. */
const leftAlone = new Set([
  'pods',
  'replicasets.apps',
  'controllerrevisions.apps',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'pods.metrics.k8s.io',
])

export function isKept(kind: string): boolean {
  return kept.has(kind)
}

export function isLeftAlone(kind: string): boolean {
  return leftAlone.has(kind)
}
