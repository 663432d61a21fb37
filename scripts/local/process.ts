import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProcessPlan {
  /** Arguments for the Node that runs us. */
  readonly args: readonly string[]
  readonly cwd: string
  /** Asked afresh for every start. */
  environment(): NodeJS.ProcessEnv
}

export interface ProcessEvents {
  onLine(line: string): void
  /** It has ended by itself; `againInMs` says when it is started again. */
  onDeath(how: string, againInMs: number): void
  /** It has been started once more. */
  onRestart(): void
}

const firstPauseMs = 500
const longestPauseMs = 30_000
/** Who lives this long has recovered: the next pause is short again. */
const soundAfterMs = 60_000

/** A Node process in a process group of its own, started again whenever it dies, until it is stopped. */
export class KeptProcess {
  readonly #plan: ProcessPlan
  readonly #events: ProcessEvents
  #child: ChildProcess | undefined
  #isWanted = false
  #pauseMs = firstPauseMs
  #pause = new AbortController()

  constructor(plan: ProcessPlan, events: ProcessEvents) {
    this.#plan = plan
    this.#events = events
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined
  }

  get isRunning(): boolean {
    return (
      this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
    )
  }

  start(): void {
    this.#isWanted = true
    this.#spawn()
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#isWanted = false
    this.#pause.abort()
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const hasEnded = once(child, 'exit')
    child.kill('SIGTERM')
    await hasEnded
  }

  /** Ends it and all it has started, at once. */
  kill(): void {
    this.#isWanted = false
    this.#pause.abort()
    if (this.isRunning) killGroup(this.#child?.pid)
  }

  #spawn(): void {
    const startedMs = Date.now()
    const child = spawn(process.execPath, this.#plan.args, {
      cwd: this.#plan.cwd,
      env: this.#plan.environment(),
      // A group of its own: Ctrl-C reaches us alone, and we say in which order things end.
      detached: true,
      // When we die, however hard, the channel breaks and tells the child.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#events.onLine(line))
    }
    let isOver = false
    const onEnd = (how: string) => {
      if (isOver) return
      isOver = true
      // Workers of a process that died hard would keep its port.
      killGroup(child.pid)
      if (this.#isWanted) void this.#startAgain(how, Date.now() - startedMs)
    }
    child.once('error', (error) => onEnd(error.message))
    child.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : signal))
  }

  async #startAgain(how: string, livedMs: number): Promise<void> {
    if (livedMs > soundAfterMs) this.#pauseMs = firstPauseMs
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    this.#events.onDeath(how, pauseMs)
    this.#pause = new AbortController()
    await sleep(pauseMs, undefined, { signal: this.#pause.signal }).catch(() => undefined)
    if (!this.#isWanted) return
    this.#spawn()
    this.#events.onRestart()
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
