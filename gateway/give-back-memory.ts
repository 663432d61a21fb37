import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface MemoryParts {
  /** How many exchanges have begun, ever; and how many are under way. */
  readonly work: { readonly begun: number; readonly inFlight: number }
  /** Resident memory of this process, bytes. */
  readonly resident?: () => number
  /** Collects all garbage and lets go of the room it was in. */
  readonly collect?: () => void
}

const tickMs = 1_000
const ticksAtStart = 2
const ticksAfterWork = 30
const worthBytes = 64 * 1024 * 1024

/**
 * Gives memory back to the machine while nobody is served: what starting took, and what a busy hour left. V8 alone
 * keeps its young space as large as it ever was. Gives the end of it.
 */
export function giveBackMemory({
  work,
  resident = () => process.memoryUsage.rss(),
  collect = collectAll,
}: MemoryParts): () => void {
  let seen = work.begun
  let quietTicks = 0
  let floor: number | undefined
  const timer = setInterval(() => {
    quietTicks = work.begun === seen && work.inFlight === 0 ? quietTicks + 1 : 0
    seen = work.begun
    if (quietTicks !== (floor === undefined ? ticksAtStart : ticksAfterWork)) return
    if (floor !== undefined && resident() < floor + worthBytes) return
    collect()
    floor = resident()
  }, tickMs).unref()
  return () => clearInterval(timer)
}

function collectAll(): void {
  setFlagsFromString('--expose-gc')
  const collector: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collector === 'function')
    collector({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
