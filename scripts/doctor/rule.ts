import type { Facts, Finding, PodFacts } from './facts.ts'

/** One kind of cause. It is told what was found before it, so that a consequence is not taken for a cause. */
export type Rule = (facts: Facts, found: Found) => readonly Finding[]

interface Found {
  has(...codes: readonly string[]): boolean
}

/** With these, names cannot be looked up: whatever needs one says nothing about itself. */
export const nameless = [
  'pod-network',
  'cluster-ip',
  'dns-dead',
  'dns-udp',
  'dns-nameserver',
] as const

/** With these, a pod has no place to run. */
export const placeless = [
  'node-not-ready',
  'node-pressure',
  'pods-pending',
  'pods-refused',
] as const

/** A pod gets this long to become ready, and gateways to find a Postgres that came back. */
const patienceS = 45

/** On its way, with nothing that holds it up. */
export function isStarting(pod: PodFacts): boolean {
  const isHeld = (pod.waiting ?? pod.unschedulable ?? pod.mountFault) !== undefined
  return !pod.isReady && !isHeld && pod.restarts === 0 && (pod.ageS ?? patienceS) < patienceS
}

/** Ready for so short a time that not everybody knows. */
export function isFresh({ isReady, readyForS }: PodFacts): boolean {
  return isReady && (readyForS ?? patienceS) < patienceS
}

/** `a, b and c` */
export function listed(names: readonly string[]): string {
  const distinct = [...new Set(names)]
  const last = distinct.at(-1) ?? ''
  return distinct.length < 2 ? last : `${distinct.slice(0, -1).join(', ')} and ${last}`
}
