import { optional } from '../../modules/optional.ts'
import { listAt, numberAt, textAt, textsAt } from '../deploy/read-json.ts'
import type { ClaimFacts, NodeFacts, PodFacts } from './facts.ts'

const pressureTypes = new Set([
  'DiskPressure',
  'MemoryPressure',
  'PIDPressure',
  'NetworkUnavailable',
])
/** Of these the conditions tell already. */
const readinessTaints = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])

/** What `kubectl get nodes -o json` says of a node's health. */
export function readNodes(list: unknown): NodeFacts[] {
  return listAt(list, 'items').map((node): NodeFacts => {
    const conditions = listAt(node, 'status', 'conditions')
    const ready = conditions.find((one) => textAt(one, 'type') === 'Ready')
    const because = textAt(ready, 'message')
    return {
      name: textAt(node, 'metadata', 'name') ?? '',
      isReady: textAt(ready, 'status') === 'True',
      ...(because !== undefined && { notReadyBecause: because }),
      pressures: conditions
        .filter(
          (one) => pressureTypes.has(textAt(one, 'type') ?? '') && textAt(one, 'status') === 'True',
        )
        .map((one) => textAt(one, 'type') ?? ''),
      taints: listAt(node, 'spec', 'taints')
        .filter((taint) => /^No(Schedule|Execute)$/.test(textAt(taint, 'effect') ?? ''))
        .map((taint) => textAt(taint, 'key') ?? '')
        // The marks of the kubelet alone: what people mark nodes with is their own affair.
        .filter((key) => key.startsWith('node.kubernetes.io/') && !readinessTaints.has(key)),
    }
  })
}

/** What a pod's JSON says, and what events say of its volumes. */
export function readPod(
  pod: unknown,
  events: readonly unknown[] = [],
  nowMs = Date.now(),
): PodFacts {
  const name = textAt(pod, 'metadata', 'name') ?? ''
  const states = [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ]
  const waiting = states.find((state) => isFault(textAt(state, 'state', 'waiting', 'reason')))
  const worst =
    waiting ??
    states.find((state) => textAt(state, 'lastState', 'terminated', 'reason')) ??
    states[0]
  const conditions = listAt(pod, 'status', 'conditions')
  const scheduled = conditions.find((one) => textAt(one, 'type') === 'PodScheduled')
  const isReady = isTrue(conditions, 'Ready')
  const mountFault = isReady ? undefined : lastEvent(events, name, 'FailedMount')
  const exit = textAt(worst, 'lastState', 'terminated', 'reason')
  return {
    name,
    phase: textAt(pod, 'status', 'phase') ?? 'Unknown',
    isReady,
    restarts: Math.max(0, ...states.map((state) => numberAt(state, 'restartCount') ?? 0)),
    ...optional('ip', textAt(pod, 'status', 'podIP')),
    ...optional('waiting', textAt(waiting, 'state', 'waiting', 'reason')),
    ...optional('waitingMessage', textAt(waiting, 'state', 'waiting', 'message')),
    ...optional(
      'image',
      textAt(waiting ?? states[0], 'image') ?? textAt(pod, 'spec', 'containers', 0, 'image'),
    ),
    ...optional('reason', textAt(pod, 'status', 'reason')),
    ...optional('mountFault', mountFault),
    ...optional('ageS', secondsSince(textAt(pod, 'metadata', 'creationTimestamp'), nowMs)),
    ...optional('readyForS', isReady ? secondsSince(readySince(conditions), nowMs) : undefined),
    ...(exit !== undefined && {
      lastExit: { reason: exit, code: numberAt(worst, 'lastState', 'terminated', 'exitCode') ?? 0 },
    }),
    ...(textAt(scheduled, 'status') === 'False' && {
      unschedulable: textAt(scheduled, 'message') ?? 'no node takes it',
    }),
  }
}

function readySince(conditions: readonly unknown[]): string | undefined {
  return textAt(
    conditions.find((one) => textAt(one, 'type') === 'Ready'),
    'lastTransitionTime',
  )
}

function secondsSince(time: string | undefined, nowMs: number): number | undefined {
  const at = Date.parse(time ?? '')
  return Number.isNaN(at) ? undefined : Math.max(0, Math.round((nowMs - at) / 1000))
}

/** Every claim, with whose it is. */
export function readClaims(
  claims: readonly unknown[],
  events: readonly unknown[],
  hasDefaultClass: boolean | undefined,
): ClaimFacts[] {
  return claims.map((claim) => {
    const name = textAt(claim, 'metadata', 'name') ?? ''
    return {
      name,
      module: textsAt(claim, 'metadata', 'labels')['module'] ?? '',
      phase: textAt(claim, 'status', 'phase') ?? 'Unknown',
      ...optional('storageClass', textAt(claim, 'spec', 'storageClassName')),
      ...optional('event', lastEvent(events, name)),
      ...(hasDefaultClass !== undefined && { hasDefaultClass }),
    }
  })
}

/** What was said last about an object. */
function lastEvent(events: readonly unknown[], name: string, reason?: string): string | undefined {
  return events
    .filter((event) => textAt(event, 'involvedObject', 'name') === name)
    .filter((event) => reason === undefined || textAt(event, 'reason') === reason)
    .map((event) => ({ at: timeOf(event), message: textAt(event, 'message') }))
    .sort((left, right) => (left.at < right.at ? -1 : 1))
    .at(-1)?.message
}

function timeOf(event: unknown): string {
  return (
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    textAt(event, 'metadata', 'creationTimestamp') ??
    ''
  )
}

function isFault(reason: string | undefined): boolean {
  return reason !== undefined && reason !== 'ContainerCreating' && reason !== 'PodInitializing'
}

function isTrue(conditions: readonly unknown[], type: string): boolean {
  return conditions.some((one) => textAt(one, 'type') === type && textAt(one, 'status') === 'True')
}
