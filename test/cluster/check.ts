import type { Cluster } from '../../scripts/deploy/cluster.ts'
import type { Kubectl } from './kubectl.ts'
import type { TestedModule, TestFleet } from './fleet-folder.ts'
import type { Addition } from './next-image.ts'

/** What a check works with. */
export interface Stage {
  readonly kubectl: Kubectl
  readonly fleet: TestFleet
  readonly cluster: Cluster
  /** The one whose pods are rolled, scaled and killed: it serves chat. */
  readonly subject: TestedModule
  readonly others: readonly TestedModule[]
  /** `127.0.0.1` or a node's address: where node ports answer. */
  readonly host: () => Promise<string>
  /** Faults last minutes, every module gets its turn. */
  readonly isLong: boolean
  /** The same gateway under another tag, on every node; throws NotShown where none can be made. */
  readonly nextImage: () => Promise<string>
  /** An image on top of the gateway's, on every node. */
  readonly addition: (what: Addition) => Promise<string>
}

export const groups = [
  'dry-run',
  'apply',
  'reach',
  'keys',
  'data',
  'zero-drop',
  'ill',
  'blast',
  'newcomer',
  'hostnetwork',
  'end',
] as const

/** What this cluster, or this machine, has no means to show: neither passed nor failed. */
export class NotShown extends Error {}

/** One thing to be shown; it tells what it saw, and throws where that is not what was promised. */
export interface Check {
  readonly group: (typeof groups)[number]
  readonly what: string
  /** Whether it is what makes the fleet, or needs none; each of the others looks at one that runs. */
  readonly fleet?: 'makes' | 'without'
  run(stage: Stage): Promise<string>
}

/** Throws a sentence unless it holds. */
export function expect(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise)
}
