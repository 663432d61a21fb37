import { sharedOwners } from './owners.ts'
import { listAt, numberAt, textAt, textsAt } from './read-json.ts'

/** A workload of ours, by what `kubectl get deployments,statefulsets -o json` says. */
export interface Workload {
  /** `deployment/llm-gateway` */
  readonly path: string
  readonly module: string
  readonly isGateway: boolean
  readonly wanted: number
  readonly ready: number
}

/** The workloads of these modules and of what they share, the shared ones first. */
export function readWorkloads(list: unknown, modules: readonly string[]): Workload[] {
  const all = listAt(list, 'items').map((item): Workload => {
    const labels = textsAt(item, 'metadata', 'labels')
    const kind = (textAt(item, 'kind') ?? '').toLowerCase()
    return {
      path: `${kind}/${textAt(item, 'metadata', 'name') ?? ''}`,
      module: labels['module'] ?? '',
      isGateway: labels['app.kubernetes.io/component'] === 'gateway',
      wanted: numberAt(item, 'spec', 'replicas') ?? 0,
      ready: numberAt(item, 'status', 'readyReplicas') ?? 0,
    }
  })
  return all
    .filter(({ module }) => sharedOwners.some((one) => one === module) || modules.includes(module))
    .sort((left, right) => Number(left.isGateway) - Number(right.isGateway))
}

/** Why a pod is not ready, in the words of Kubernetes; the first that says something. */
export function whyNotReady(pods: unknown): string | undefined {
  for (const pod of listAt(pods, 'items')) {
    const why = reasonOf(pod)
    if (why !== undefined) return `${textAt(pod, 'metadata', 'name') ?? 'pod'}: ${why}`
  }
  return undefined
}

function reasonOf(pod: unknown): string | undefined {
  const states = [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ]
  for (const state of states) {
    const reason = textAt(state, 'state', 'waiting', 'reason')
    if (reason !== undefined && reason !== 'PodInitializing')
      return [reason, textAt(state, 'state', 'waiting', 'message')].filter(Boolean).join(': ')
  }
  const conditions = listAt(pod, 'status', 'conditions')
  const faulty = conditions.find(
    (one) => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'status') === 'False',
  )
  if (faulty !== undefined) return textAt(faulty, 'message')
  const isReady = conditions.some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  )
  return isReady ? undefined : `not ready (${textAt(pod, 'status', 'phase') ?? 'unknown'})`
}
