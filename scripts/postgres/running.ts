import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isRunning, lifeOf, ownMark, readMark } from '../../gateway/storage/process-mark.ts'

/** A Postgres that already runs on a data folder. */
export interface RunningPostgres {
  readonly pid: number
  readonly port: number
}

/** Finds the Postgres that runs on this data folder; a pid file left by a dead one is removed. */
export async function findRunningPostgres(dataDir: string): Promise<RunningPostgres | undefined> {
  const pidFile = path.join(dataDir, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const [pid = NaN, , , port = NaN] = text.split('\n').map(Number)
  if (Number.isInteger(pid) && isRunning(pid)) {
    const commandLine = commandLineOf(pid)
    if (commandLine === undefined) return undefined
    if (commandLine.includes('postgres') && commandLine.includes(dataDir)) return { pid, port }
  }
  // Postgres itself refuses to start when the number now belongs to some other program.
  await rm(pidFile, { force: true })
  return undefined
}

/** Takes charge of stopping it; false while another living process is in charge. */
export async function takeCharge(dataDir: string): Promise<boolean> {
  const file = `${dataDir}.owner`
  const mark = readMark(await readFile(file, 'utf8').catch(() => ''))
  if (mark && mark.pid !== process.pid && lifeOf(mark) !== 'dead') return false
  await writeFile(file, JSON.stringify(ownMark()))
  return true
}

/** Gives charge back, once Postgres has stopped. */
export async function endCharge(dataDir: string): Promise<void> {
  await rm(`${dataDir}.owner`, { force: true })
}

function commandLineOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    if (process.platform === 'win32') return undefined
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return undefined
  }
}
