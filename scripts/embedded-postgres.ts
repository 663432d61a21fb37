import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import { isRunning } from '../gateway/storage/process-mark.ts'
import { findPostgresBinaries } from './postgres/binaries.ts'
import { createCluster } from './postgres/cluster.ts'
import { untilReady } from './postgres/readiness.ts'
import { endCharge, findRunningPostgres, takeCharge } from './postgres/running.ts'
import { spawnServer, stopServer } from './postgres/server.ts'
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
  const running = await findRunningPostgres(dataDir)
  if (running) return joinRunning(running, dataDir, options, log)
  await createCluster(user, options.superuserPassword, log)
  const server = spawnServer(user, options.port)
  await takeCharge(dataDir)
  const pid = pidOf(server)
  const isGone = () => server.exitCode !== null || server.signalCode !== null
  try {
    await untilReady({ ...options, dataDir }, isGone)
  } catch (error) {
    await stop(pid, dataDir, log)
    throw error
  }
  server.unref()
  return { port: options.port, pid, stop: () => stop(pid, dataDir, log) }
}

async function joinRunning(
  running: { readonly pid: number; readonly port: number },
  dataDir: string,
  options: PostgresOptions,
  log: (line: string) => void,
): Promise<EmbeddedPostgres> {
  const { pid, port } = running
  log(`Postgres runs already on port ${port}`)
  await untilReady({ ...options, dataDir, port }, () => !isRunning(pid))
  const isInCharge = await takeCharge(dataDir)
  return { port, pid, stop: async () => (isInCharge ? stop(pid, dataDir, log) : undefined) }
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
