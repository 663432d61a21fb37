import type { Facts, Finding } from './facts.ts'

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

/** `a, b and c` */
export function listed(names: readonly string[]): string {
  const distinct = [...new Set(names)]
  const last = distinct.at(-1) ?? ''
  return distinct.length < 2 ? last : `${distinct.slice(0, -1).join(', ')} and ${last}`
}
