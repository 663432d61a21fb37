import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Endable {
  stop(): Promise<void>
  kill(): void
}

/** npm passes on a Ctrl-C that the terminal has sent us already: within this time two are one. */
const sameSignalMs = 500

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

/** Ends in good order on the first signal, or when npm dies around us; at once on the second. */
export function endOnSignals(fleet: Endable, say: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let sinceMs: number | undefined
    const end = (why: string) => {
      sinceMs = Date.now()
      say(`${why}: letting running requests finish … (again: end at once)`)
      fleet.stop().then(resolve, reject)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (sinceMs === undefined) return end(signal === 'SIGINT' ? 'Ctrl-C' : signal)
        if (Date.now() - sinceMs < sameSignalMs) return
        fleet.kill()
        process.exit(exitCodes[signal])
      })
    }
    void parentsEnd().then(() => (sinceMs === undefined ? end('npm has ended') : undefined))
  })
}

/** A shell between npm and us dies of its signal without passing it on, or outlives npm. */
async function parentsEnd(): Promise<void> {
  if (process.env['npm_lifecycle_event'] !== 'start') return new Promise(() => undefined)
  const atFirst = ancestors()
  while (ancestors() === atFirst) await sleep(300, undefined, { ref: false })
}

/** Who is above us, up to npm: whoever has started npm may go. */
function ancestors(): string {
  const parent = process.ppid
  const isShell = readProcess(parent, 'cmdline').includes('up.ts')
  if (!isShell) return String(parent)
  const stat = readProcess(parent, 'stat')
  // The name in parentheses may hold spaces.
  return `${parent} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`
}

/** Empty where the system does not tell. */
function readProcess(pid: number, part: string): string {
  try {
    return readFileSync(`/proc/${pid}/${part}`, 'utf8')
  } catch {
    return ''
  }
}
