import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { isRunning } from '../gateway/storage/process-mark.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { choosePostgresUser, commandFor, giveToOwner, type PostgresUser } from './postgres-user.ts'
import { endCharge, findRunningPostgres, takeCharge } from './running-postgres.ts'

export interface PostgresOptions {
  /** Folder of the data; made when absent. Its log is `<dataDir>.log`. */
  readonly dataDir: string
  /** Port on 127.0.0.1. */
  readonly port: number
  /** Of the role `postgres`. */
  readonly superuserPassword: string
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

const readyWithinMs = 60_000
const stopWithinMs = 20_000

/** Small enough for a laptop; everything safe stays on. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  huge_pages: 'off',
  // A failed CREATE ROLE would otherwise put its password into the log.
  log_min_error_statement: 'panic',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Starts the Postgres of this folder, on the first time made new, and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined)
  const user = await choosePostgresUser(await findPostgresBinaries(), path.resolve(options.dataDir))
  if (user.dataDir !== path.resolve(options.dataDir)) {
    log(`Postgres keeps its data in ${user.dataDir}: only root may enter ${options.dataDir}`)
  }
  const { dataDir } = user
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

// The cluster is made beside its place and moved there whole, so a half-made one is never opened.
async function createCluster(user: PostgresUser, password: string, log: (line: string) => void) {
  const { dataDir, binaries } = user
  const version = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version !== undefined) {
    checkVersion(dataDir, version.trim(), binaries.majorVersion)
    return giveToOwner(user, dataDir)
  }
  await removeEmpty(dataDir)
  log(`Making a new Postgres data folder: ${dataDir}`)
  const fresh = `${dataDir}.new`
  const passwordFile = `${dataDir}.password`
  try {
    await rm(fresh, { recursive: true, force: true })
    await mkdir(fresh, { mode: 0o700 })
    await rm(passwordFile, { force: true })
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    await Promise.all([giveToOwner(user, fresh), giveToOwner(user, passwordFile)])
    await runInitdb(user, fresh, passwordFile)
    await rename(fresh, dataDir)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

function checkVersion(dataDir: string, found: string, wanted: string): void {
  if (found === wanted) return
  throw new Error(
    `The data folder ${dataDir} belongs to Postgres ${found}, and this is Postgres ${wanted}. ` +
      'Move the folder away to begin an empty one, or set DATABASE_URL to a Postgres of your own. Nothing was deleted.',
  )
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return
    throw new Error(
      `${folder} is neither empty nor a Postgres data folder that can be read. Move it away. Nothing was deleted.`,
      { cause },
    )
  })
}

async function runInitdb(user: PostgresUser, folder: string, passwordFile: string): Promise<void> {
  const { file, args, identity } = commandFor(user, user.binaries.initdb, [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ])
  const child = spawn(file, args, {
    ...identity,
    ...surroundings,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => said.push(bytes))
  const [status] = await once(child, 'close')
  if (status !== 0) {
    throw new Error(
      `Postgres could not make its data folder ${folder}:\n${Buffer.concat(said).toString().trim()}`,
    )
  }
}

// Keys in our own environment are no business of the server's.
const surroundings = {
  cwd: process.platform === 'win32' ? undefined : '/',
  env: { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'], LC_ALL: 'C' },
}

// Its log goes to a file: a pipe would break when we die before it.
function spawnServer(user: PostgresUser, port: number): ChildProcess {
  const flags = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const { file, args, identity } = commandFor(user, user.binaries.postgres, [
    '-D',
    user.dataDir,
    ...flags,
  ])
  const logFile = openSync(logFileOf(user.dataDir), 'w', 0o600)
  try {
    const server = spawn(file, args, {
      ...identity,
      ...surroundings,
      // A session of its own: Ctrl-C in the terminal does not reach it.
      detached: true,
      stdio: ['ignore', logFile, logFile],
    })
    // Said by the missing process id.
    server.on('error', () => undefined)
    return server
  } finally {
    closeSync(logFile)
  }
}

interface Waited {
  readonly dataDir: string
  readonly port: number
  readonly superuserPassword: string
}

async function untilReady(server: Waited, isGone: () => boolean): Promise<void> {
  const deadline = Date.now() + readyWithinMs
  for (;;) {
    if (isGone()) throw new Error(whyItEnded(server))
    const problem = await tryConnection(server)
    // Another server may hold the port: ours has ended then, and the next turn says so.
    if (problem === undefined && !isGone()) return
    if (problem === '28P01' && !isGone()) throw new Error(wrongPassword(server.dataDir))
    if (Date.now() > deadline) {
      throw new Error(
        `Postgres does not answer on port ${server.port}. Its log: ${logFileOf(server.dataDir)}`,
      )
    }
    await sleep(30)
  }
}

async function tryConnection(server: Waited): Promise<string | undefined> {
  const client = new Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password: server.superuserPassword,
    database: 'postgres',
    connectionTimeoutMillis: 3000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return codeOf(error) ?? 'failed'
  } finally {
    await client.end().catch(() => undefined)
  }
}

function wrongPassword(dataDir: string): string {
  return (
    `The Postgres data folder ${dataDir} was made with another password than POSTGRES_PASSWORD has now. ` +
    'Put the old password back, or move the folder away to begin an empty one. Nothing was deleted.'
  )
}

function whyItEnded({ dataDir, port }: Waited): string {
  const lines = readFileSync(logFileOf(dataDir), 'utf8').trimEnd().split('\n')
  const isPortTaken = lines.some((line) => line.includes('Address already in use'))
  if (isPortTaken) return `Port ${port} is in use by another program: Postgres cannot listen there.`
  return `Postgres ended at once. Its last words (${logFileOf(dataDir)}):\n${lines.slice(-8).join('\n')}`
}

async function stopServer(pid: number, log: (line: string) => void): Promise<void> {
  // Fast: callers are disconnected, nothing is lost. Then immediate: the next start recovers.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isRunning(pid)) return
    process.kill(pid, signal)
    if (await hasEnded(pid)) return
    log(`Postgres (process ${pid}) does not stop on ${signal}`)
  }
}

async function hasEnded(pid: number): Promise<boolean> {
  const deadline = Date.now() + stopWithinMs
  while (isRunning(pid)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}

function logFileOf(dataDir: string): string {
  return `${dataDir}.log`
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined)
    throw new Error('Postgres could not be started: no process was made.')
  return child.pid
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
