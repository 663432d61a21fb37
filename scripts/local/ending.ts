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

/** A shell between npm and us dies of its signal without passing it on. */
async function parentsEnd(): Promise<void> {
  const parent = process.ppid
  if (process.env['npm_lifecycle_event'] !== 'start') return new Promise(() => undefined)
  while (process.ppid === parent) await sleep(300, undefined, { ref: false })
}
