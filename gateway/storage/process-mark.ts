import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names one running process so that another can tell later whether it still lives. */
export interface ProcessMark {
  readonly pid: number
  readonly host: string
  /** When the process began, in the kernel's words; absent where the system does not say. */
  readonly started?: string
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  const started = startOf(process.pid)
  return { pid: process.pid, host: hostname(), ...(started === undefined ? {} : { started }) }
}

/** Whether the marked process lives; `unknown` where this machine cannot tell. */
export function lifeOf(mark: ProcessMark): 'alive' | 'dead' | 'unknown' {
  if (mark.host !== hostname()) return 'unknown'
  if (!isRunning(mark.pid)) return 'dead'
  const started = startOf(mark.pid)
  if (started === undefined || mark.started === undefined) return 'unknown'
  return started === mark.started ? 'alive' : 'dead'
}

/** Reads a mark that another process wrote; undefined for anything else. */
export function readMark(text: string): ProcessMark | undefined {
  try {
    const mark: unknown = JSON.parse(text)
    return isMark(mark) ? mark : undefined
  } catch {
    return undefined
  }
}

function isMark(mark: unknown): mark is ProcessMark {
  if (typeof mark !== 'object' || mark === null || !('pid' in mark) || !('host' in mark))
    return false
  const isStartedRight = !('started' in mark) || typeof mark.started === 'string'
  return Number.isInteger(mark.pid) && typeof mark.host === 'string' && isStartedRight
}

/** Whether a process of this id runs, whosever it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

// A pid is reused, in a container at once; pid and start together are not.
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The name in parentheses may hold spaces; fields are counted from its end.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return start === undefined ? undefined : `${boot}/${start}`
  } catch {
    return undefined
  }
}
