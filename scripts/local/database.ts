import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { databasePasswordName } from '../../infra/env-file.ts'
import { startPostgres, type EmbeddedPostgres } from '../embedded-postgres.ts'
import { endAfterParent, type Survivor } from './end-after-parent.ts'
import { findFreePort, findPortFault } from './ports.ts'
import { writeWhole } from './secret-files.ts'

/** The database of a local fleet. */
export interface LocalDatabase {
  /** Where usage goes, as a sentence. */
  readonly usageGoes: string
  /** What a module connects to; undefined: it does without. */
  urlFor(module: string): string | undefined
  /** Makes sure that these modules may log in. */
  admit(modules: readonly string[]): Promise<void>
  stop(): Promise<void>
  /** Ends it without waiting. */
  kill(): void
}

export interface DatabaseOptions {
  readonly root: string
  readonly stateDir: string
  /** A value of the environment or of `.env`. */
  readonly findVariable: (name: string) => string | undefined
  readonly say: (line: string) => void
}

/** A Postgres of the user's own where DATABASE_URL names one, else the embedded one, else none. */
export async function startDatabase(options: DatabaseOptions): Promise<LocalDatabase> {
  const url = options.findVariable('DATABASE_URL')
  if (url !== undefined) return withoutServer('Usage goes to the Postgres of DATABASE_URL.', url)
  try {
    return await startEmbedded(options)
  } catch (error) {
    options.say(error instanceof Error ? error.message : String(error))
    options.say('Going on without Postgres: usage is kept in files (spooled) until there is one.')
    return withoutServer('Usage is kept in files: there is no Postgres.', undefined)
  }
}

const nothing = async () => undefined

function withoutServer(usageGoes: string, url: string | undefined): LocalDatabase {
  return { usageGoes, urlFor: () => url, admit: nothing, stop: nothing, kill: () => undefined }
}

async function startEmbedded(options: DatabaseOptions): Promise<LocalDatabase> {
  const { stateDir, findVariable, say } = options
  const password = findVariable('POSTGRES_PASSWORD') ?? ''
  const dataDir = join(stateDir, 'postgres')
  mkdirSync(stateDir, { recursive: true })
  const server = await startPostgres({
    dataDir,
    port: await keptPort(join(stateDir, 'postgres.port')),
    superuserPassword: password,
    log: say,
  })
  const survivor = endAfterParent(server.pid)
  const admit = (modules: readonly string[]) => makeRoles(server.port, password, modules, options)
  const urlFor = (module: string) => {
    const secret = findVariable(databasePasswordName(module)) ?? ''
    return `postgres://${encodeURIComponent(module)}:${encodeURIComponent(secret)}@127.0.0.1:${server.port}/colonnade`
  }
  return {
    usageGoes: `Usage goes to the Postgres on 127.0.0.1:${server.port}.`,
    urlFor,
    admit,
    ...endingOf(server, survivor),
  }
}

function endingOf(
  server: EmbeddedPostgres,
  survivor: Survivor,
): Pick<LocalDatabase, 'stop' | 'kill'> {
  return {
    stop: async () => {
      await server.stop()
      survivor.release()
    },
    // The survivor sees us go, and ends it in good order.
    kill: () => undefined,
  }
}

/** The port of the last start where it still is to be had. */
async function keptPort(file: string): Promise<number> {
  const kept = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  // One in use may be that of this very Postgres, left running; it says itself which it has.
  const isUsable = Number.isInteger(kept) && kept > 0 && (await findPortFault(kept)) === undefined
  const port = isUsable ? kept : await findFreePort()
  writeWhole(file, `${port}\n`, 0o600)
  return port
}

const connectionsPerModule = 20

async function makeRoles(
  port: number,
  password: string,
  modules: readonly string[],
  { root, findVariable }: DatabaseOptions,
): Promise<void> {
  const roles = readFileSync(join(root, 'infra', 'postgres', 'roles.sql'), 'utf8')
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
  })
  await client.connect()
  try {
    await makeDatabase(client)
    await client.query(roles)
    for (const module of modules) {
      const secret = findVariable(databasePasswordName(module)) ?? ''
      await client.query('SELECT pg_temp.ensure_role($1, $2, $3)', [
        module,
        secret,
        connectionsPerModule,
      ])
    }
  } finally {
    await client.end()
  }
}

async function makeDatabase(client: Client): Promise<void> {
  const role = await client.query("SELECT FROM pg_roles WHERE rolname = 'colonnade'")
  if (role.rowCount === 0) await client.query('CREATE ROLE colonnade NOLOGIN')
  const database = await client.query("SELECT FROM pg_database WHERE datname = 'colonnade'")
  if (database.rowCount === 0) await client.query('CREATE DATABASE colonnade OWNER colonnade')
  await client.query('REVOKE CONNECT, TEMPORARY ON DATABASE colonnade FROM PUBLIC')
}
