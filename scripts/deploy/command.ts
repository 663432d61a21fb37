import { spawn } from 'node:child_process'

export interface Outcome {
  /** -1: it could not be started, or took too long. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly timeoutMs?: number
  readonly cwd?: string
}

/** Runs a program and hears all it says. Never throws. */
export type Run = (command: readonly string[], options?: RunOptions) => Promise<Outcome>

export const run: Run = ([program = '', ...args], { input, timeoutMs, cwd } = {}) => {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const said = { stdout: '', stderr: '' }
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (text: string) => (said[name] += text))
  }
  // Who does not read its input is not at fault.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  child.on('error', (error) => {
    const isAbsent = 'code' in error && error.code === 'ENOENT'
    const stderr = isAbsent ? `${program} is not installed` : error.message
    resolve({ ...said, status: -1, stderr })
  })
  child.on('close', (status, signal) => {
    const why = signal === null ? '' : `${said.stderr}\nended after ${(timeoutMs ?? 0) / 1000} s`
    resolve({ ...said, status: status ?? -1, stderr: why === '' ? said.stderr : why.trim() })
  })
  return promise
}

/** A step of ours that failed: which command, what it said last, and what to do. */
export class StepError extends Error {
  readonly command: readonly string[]
  readonly said: string
  readonly advice: readonly string[]

  constructor(command: readonly string[], said: string, advice: readonly string[]) {
    super(`${command.join(' ')} failed`)
    this.command = command
    this.said = said
    this.advice = advice
  }
}

/** The log of kubectl's own inside, which says five times what its last line says once. */
const innerLog = /^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\]/

/** The last lines that something said, without empty ones. */
export function lastLines(text: string, count = 12): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !innerLog.test(line))
    .slice(-count)
}
