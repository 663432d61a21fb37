import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Which cores each process of a run is kept on, and the words that say so. */
export interface Cores {
  readonly subject: string | undefined
  readonly upstream: string | undefined
  readonly load: string | undefined
  readonly note: string
}

/** The subject gets a core of its own; upstream and load share the next one, or have one each. */
export function assignCores(allowed: readonly number[] | undefined = allowedCores()): Cores {
  const [subject, upstream, load = upstream] = allowed ?? []
  if (subject === undefined) {
    return unpinned('not pinned: there is no taskset here, so the figures are noisier')
  }
  if (upstream === undefined) {
    return unpinned('not pinned: one core only, shared by subject, upstream and load')
  }
  const note = `subject on core ${subject}, upstream on core ${upstream}, load on core ${load}`
  return { subject: `${subject}`, upstream: `${upstream}`, load: `${load}`, note }
}

const pinProgram = 'taskset'

/** A command line kept on one core. */
export function pinned(core: string | undefined, command: readonly string[]): string[] {
  return core === undefined ? [...command] : [pinProgram, '-c', core, ...command]
}

/** Moves a running process to one core, with all its threads. */
export function pin(pid: number, core: string | undefined): void {
  if (core !== undefined) spawnSync(pinProgram, ['-acp', core, String(pid)])
}

/** `0-2,5` as taskset prints it: 0, 1, 2, 5. */
export function readCoreList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [from = NaN, to = from] = range.trim().split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })
}

function allowedCores(): number[] | undefined {
  const { status, stdout } = spawnSync(pinProgram, ['-cp', String(process.pid)], {
    encoding: 'utf8',
  })
  if (status !== 0) return undefined
  return readCoreList(stdout.split(':').at(-1) ?? '').slice(0, Math.max(availableParallelism(), 1))
}

function unpinned(note: string): Cores {
  return { subject: undefined, upstream: undefined, load: undefined, note }
}
