import type { Finding } from './linter.ts'
import { hostNetworkOverlay } from './targets.ts'

/** A rule of a tool that is not followed, and why. */
export interface Exception {
  readonly tool: string
  readonly rule: string
  readonly why: string
  /** The one object or target that it is about; of all where neither is named. */
  readonly object?: string
  readonly target?: string
}

const loaded =
  'An image that was loaded into the nodes, as minikube and kind have it, cannot be pulled.'
const volumes = "Postgres' image has the user 999, and the data of every volume belongs to it."

/** All there are: two for kube-score, three for checkov. One that nothing needs any more is a failure. */
export const exceptions: readonly Exception[] = [
  { tool: 'kube-score', rule: 'container-image-pull-policy', why: loaded },
  {
    tool: 'kube-score',
    rule: 'container-security-context-user-group-id',
    why: volumes,
    object: 'StatefulSet postgres',
  },
  { tool: 'checkov', rule: 'CKV_K8S_15', why: loaded },
  {
    tool: 'checkov',
    rule: 'CKV_K8S_43',
    why: 'A digest is known once an image is pushed: image_digest of platform.yaml. Tags are full ones.',
  },
  { tool: 'checkov', rule: 'CKV_K8S_40', why: volumes, object: 'StatefulSet postgres' },
]

const own = "Pods in the node's own network are what this overlay is."

/** What the overlay for a cluster without a network is refused for. */
export const ofHostNetwork: readonly Exception[] = [
  { tool: 'checkov', rule: 'CKV_K8S_19', why: own, target: hostNetworkOverlay },
  { tool: 'restricted', rule: 'host namespaces', why: own, target: hostNetworkOverlay },
  {
    tool: 'restricted',
    rule: 'probe or lifecycle host',
    why: 'Prometheus listens on the loopback alone there.',
    target: hostNetworkOverlay,
  },
]

/** Whether an exception is about a finding of its tool. */
export function excuses(
  { rule, object, target }: Exception,
  finding: Pick<Finding, 'rule' | 'object' | 'target'>,
): boolean {
  return (
    rule === finding.rule &&
    (object === undefined || object === finding.object) &&
    (target === undefined || target === finding.target)
  )
}
