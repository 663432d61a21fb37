import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import { isRunning } from '../gateway/storage/process-mark.ts'
import { findPostgresBinaries } from './postgres/binaries.ts'
import { createCluster } from './postgres/cluster.ts'
import { untilReady, whyItEnded } from './postgres/readiness.ts'
import {
  endCharge,
  findRunningPostgres,
  takeCharge,
  type RunningPostgres,
} from './postgres/running.ts'
import { hasEnded, spawnServer, stopServer } from './postgres/server.ts'
import { choosePostgresUser } from './postgres/user.ts'

export interface PostgresOptions {
  /** Folder of the data; made when absent. Its log is `<dataDir>.log`. */
  readonly dataDir: string
  /** Port on 127.0.0.1. */
  readonly port: number
  /** Of the role `postgres`. */
  readonly superuserPassword: string
  /** Where root keeps the data of a folder that only root may enter, if it must run as another user. */
  readonly sharedFolder?: string
  /** Told in sentences what happens. */
  readonly log?: (line: string) => void
}

export interface EmbeddedPostgres {
  /** The port it listens on; not the one asked for where it ran already. */
  readonly port: number
  /** The server's process, which stands in a group of its own. */
  readonly pid: number
  /** Ends it in good order. Leaves it alone while another process is in charge of it. */
  stop(): Promise<void>
}

/** Starts the Postgres of this folder, on the first time made new, and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined)
  const wantedDir = path.resolve(options.dataDir)
  const user = await choosePostgresUser({
    binaries: await findPostgresBinaries(),
    dataDir: wantedDir,
    sharedFolder: options.sharedFolder ?? '/var/lib/colonnade',
  })
  const { dataDir } = user
  if (dataDir !== wantedDir) {
    log(`Postgres keeps its data in ${dataDir}: only root may enter ${wantedDir}`)
  }
  const found = await findRunningPostgres(dataDir)
  const running = found && (await joinRunning(found, dataDir, options, log))
  if (running) return running
  await createCluster(user, options.superuserPassword, log)
  const server = spawnServer(user, options.port)
  const pid = pidOf(server)
  await takeCharge(dataDir)
  try {
    const isGone = () => server.exitCode !== null || server.signalCode !== null
    const outcome = await untilReady({ ...options, dataDir }, isGone)
    if (outcome !== 'ready') throw new Error(whyItEnded({ ...options, dataDir }))
  } catch (error) {
    await stop(pid, dataDir, log)
    throw error
  }
  server.unref()
  return { port: options.port, pid, stop: () => stop(pid, dataDir, log) }
}

/** Uses the server that runs already; undefined where it is on its way out, once it is. */
async function joinRunning(
  { pid, port }: RunningPostgres,
  dataDir: string,
  options: PostgresOptions,
  log: (line: string) => void,
): Promise<EmbeddedPostgres | undefined> {
  const outcome = await untilReady({ ...options, dataDir, port }, () => !isRunning(pid))
  const isInCharge = await takeCharge(dataDir)
  if (outcome === 'ready') {
    log(`Postgres runs already on port ${port}`)
    return { port, pid, stop: async () => (isInCharge ? stop(pid, dataDir, log) : undefined) }
  }
  // It may wait for callers that nobody else will end.
  await (isInCharge ? stopServer(pid, log) : hasEnded(pid))
  return undefined
}

async function stop(pid: number, dataDir: string, log: (line: string) => void): Promise<void> {
  await stopServer(pid, log)
  await endCharge(dataDir)
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined)
    throw new Error('Postgres could not be started: no process was made.')
  return child.pid
}
