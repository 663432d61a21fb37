import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { pinned } from './cores.ts'

/** A process the bench has started, and ends. */
export interface Child {
  readonly pid: number
  readonly startedAtMs: number
  readonly process: ChildProcess
  /** The last lines of what it printed. */
  printed(): string
  /** Asks it to end, waits, and ends it by force after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

export interface ChildOptions {
  readonly core: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
}

const running = new Set<ChildProcess>()
let isInterrupted = false

/** Starts Node on a file of ours, kept on its core, with a channel for messages. */
export function startChild(args: readonly string[], options: ChildOptions): Child {
  if (isInterrupted) throw new Error('interrupted')
  const [command = process.execPath, ...rest] = pinned(options.core, [process.execPath, ...args])
  const log = openSync(options.logFile, 'w')
  const startedAtMs = performance.now()
  const child = spawn(command, rest, {
    env: options.env,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  running.add(child)
  child.on('exit', () => running.delete(child))
  return {
    pid: child.pid ?? 0,
    startedAtMs,
    process: child,
    printed: () => readFileSync(options.logFile, 'utf8').trim().split('\n').slice(-12).join('\n'),
    stop: (graceMs = 10_000) => stop(child, graceMs),
  }
}

/** Sends one message, if any, and waits for the next one that comes. */
export async function askChild(child: Child, message?: object): Promise<unknown> {
  if (hasEnded(child)) throw new Error(`a process of the bench has ended:\n${child.printed()}`)
  const isAnswered = new AbortController()
  const { signal } = isAnswered
  const ended = once(child.process, 'exit', { signal }).then(
    () => Promise.reject(new Error(`a process of the bench ended too early:\n${child.printed()}`)),
    () => undefined,
  )
  try {
    const answered = once(child.process, 'message', { signal })
    answered.catch(() => {})
    if (message) child.process.send(message)
    const [answer]: unknown[] = (await Promise.race([answered, ended])) ?? []
    return answer
  } finally {
    isAnswered.abort()
  }
}

/** Whether it has exited, by itself or by a signal. */
export function hasEnded({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode !== null || signalCode !== null
}

/** Ends every child now and lets none start; what waits for one fails, and cleans up behind itself. */
export function interrupt(): void {
  isInterrupted = true
  void stopAll()
}

/** Ends what is still running. */
export function stopAll(): Promise<void> {
  return Promise.all([...running].map((child) => stop(child, 2000))).then(() => {})
}

async function stop(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(force)
}
