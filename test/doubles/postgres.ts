import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { startPostgres, type EmbeddedPostgres } from '../../scripts/embedded-postgres.ts'
import { findFreePort } from './free-port.ts'
import { copyCluster } from './postgres-template.ts'

/** A throw-away Postgres for one test file. It can be stopped and started to play an outage. */
export interface TestPostgres {
  readonly port: number
  readonly superuserPassword: string
  /** A new empty database, as the URL of its owner: an ordinary role with a password of its own. */
  createDatabase(): Promise<TestDatabase>
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops it and deletes its data. */
  remove(): Promise<void>
}

export interface TestDatabase {
  readonly url: string
  readonly name: string
  readonly role: string
  readonly password: string
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Runs SQL as the superuser, in this database. */
  administer(sql: string): Promise<void>
}

/** Starts a Postgres in a temporary folder on a free port. */
export async function createTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'colonnade-postgres-'))
  const dataDir = path.join(folder, 'data')
  const [superuserPassword, port] = await Promise.all([copyCluster(dataDir), findFreePort()])
  const options = { dataDir, port, superuserPassword }
  let server: EmbeddedPostgres | undefined = await startPostgres(options)
  const urlOf = (user: string, password: string, name: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${name}`

  async function stop() {
    await server?.stop()
    server = undefined
  }

  return {
    port,
    superuserPassword,
    stop,
    async start() {
      server ??= await startPostgres(options)
    },
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
    async createDatabase() {
      const name = `db_${randomBytes(6).toString('hex')}`
      const role = `role_${randomBytes(6).toString('hex')}`
      const password = randomBytes(8).toString('hex')
      const adminUrl = urlOf('postgres', superuserPassword, 'postgres')
      await query(adminUrl, `create role ${role} login password '${password}'`)
      await query(adminUrl, `create database ${name} owner ${role}`)
      const url = urlOf(role, password, name)
      return {
        url,
        name,
        role,
        password,
        query: (sql, values) => query(url, sql, values),
        administer: async (sql) => {
          await query(urlOf('postgres', superuserPassword, name), sql)
        },
      }
    },
  }
}

async function query(url: string, sql: string, values: unknown[] = []) {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const result = await client.query<Record<string, unknown>>(sql, values)
    return result.rows
  } finally {
    await client.end()
  }
}
