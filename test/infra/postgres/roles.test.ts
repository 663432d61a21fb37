import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ownerStatements } from '../../../infra/components/cnpg.ts'
import { createTestPostgres } from '../../doubles/postgres.ts'
import type { TestPostgres } from '../../doubles/postgres.ts'

const scripts = join(import.meta.dirname, '../../../infra/postgres')
const rolesSql = readFileSync(join(scripts, 'roles.sql'), 'utf8')
const hasPsql = spawnSync('sh', ['-c', 'command -v psql']).status === 0

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())

interface Login {
  readonly user: string
  readonly password: string
  readonly database?: string
}

async function asUser<T>(login: Login, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    host: '127.0.0.1',
    port: postgres.port,
    database: 'postgres',
    ...login,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const asSuperuser = <T>(work: (client: Client) => Promise<T>) =>
  asUser({ user: 'postgres', password: postgres.superuserPassword }, work)

const ensure = (role: string, password: string, limit: number) =>
  asSuperuser(async (client) => {
    await client.query(rolesSql)
    await client.query('SELECT pg_temp.ensure_role($1, $2, $3)', [role, password, limit])
  })

describe('roles.sql', () => {
  test('a role works as the owner of the database, whatever its name and password are', async () => {
    const password = `it's "odd" \\ $$ %L ${'p'.repeat(80)}`
    await ensure('image-gen', password, 3)
    const user = await asUser({ user: 'image-gen', password }, async (client) => {
      const { rows } = await client.query('SELECT current_user, session_user')
      return rows[0]
    })
    expect(user).toEqual({ current_user: 'colonnade', session_user: 'image-gen' })
  })

  test('done again, it renews the password and the limit, and takes rights away', async () => {
    await ensure('llm', 'first', 3)
    await asSuperuser((client) => client.query('ALTER ROLE llm SUPERUSER'))
    await ensure('llm', 'second', 7)
    await expect(asUser({ user: 'llm', password: 'first' }, async () => {})).rejects.toThrow(
      /password/,
    )
    await asUser({ user: 'llm', password: 'second' }, async () => {})
    const { rows } = await asSuperuser((client) =>
      client.query("SELECT rolconnlimit, rolsuper FROM pg_roles WHERE rolname = 'llm'"),
    )
    expect(rows).toEqual([{ rolconnlimit: 7, rolsuper: false }])
  })
})

const untilSaid = (said: () => string, text: string) =>
  vi.waitFor(() => expect(said()).toContain(text), 10_000)

describe.skipIf(!hasPsql)('the container beside Postgres', () => {
  let loop: ChildProcess | undefined
  let folder = ''
  afterEach(() => {
    loop?.kill('SIGTERM')
    rmSync(folder, { recursive: true })
  })

  /** Starts the loop over a folder of roles; gives what it says as it grows. */
  function start(superuserPassword: string, roles: Record<string, string>): () => string {
    folder = mkdtempSync(join(tmpdir(), 'colonnade-roles-'))
    mkdirSync(join(folder, 'roles'))
    for (const [role, password] of Object.entries(roles)) addRole(role, password)
    writeFileSync(join(folder, 'password'), superuserPassword)
    loop = spawn('sh', [join(scripts, 'roles.sh')], {
      env: {
        PATH: process.env['PATH'],
        PGHOST: '127.0.0.1',
        PGPORT: String(postgres.port),
        ROLES_FOLDER: join(folder, 'roles'),
        SCRIPTS_FOLDER: scripts,
        PASSWORD_FILE: join(folder, 'password'),
        SIGN_FILE: join(folder, 'looked'),
        INTERVAL_SECONDS: '0.2',
      },
    })
    let said = ''
    for (const stream of [loop.stdout, loop.stderr])
      stream?.on('data', (bytes: Buffer) => (said += bytes.toString()))
    return () => said
  }

  function addRole(role: string, password: string): void {
    writeFileSync(join(folder, 'roles', role), password)
  }

  test('makes the database and a role for each file, and one for a file that comes later', async () => {
    const said = start(postgres.superuserPassword, { audio: "it's audio" })
    await untilSaid(said, 'ready: audio')
    addRole('rerank', 'of rerank')
    await untilSaid(said, 'audio rerank')
    for (const [user, password] of [
      ['audio', "it's audio"],
      ['rerank', 'of rerank'],
    ] as const) {
      const login = { user, password, database: 'colonnade' }
      await asUser(login, (client) => client.query(`CREATE TABLE of_${user} (id int)`))
    }
    const { rows } = await asUser(
      { user: 'audio', password: "it's audio", database: 'colonnade' },
      (client) =>
        client.query(
          "SELECT tablename, tableowner FROM pg_tables WHERE tablename LIKE 'of_%' ORDER BY 1",
        ),
    )
    expect(rows).toEqual([
      { tablename: 'of_audio', tableowner: 'colonnade' },
      { tablename: 'of_rerank', tableowner: 'colonnade' },
    ])
    expect(said()).not.toMatch(/it's audio|of rerank/)
  })

  test('a data folder made with another password is named once, and nothing is changed', async () => {
    const said = start('not the one', { llm: 'x' })
    await untilSaid(said, 'made with another POSTGRES_PASSWORD')
    // It is no less alive for that.
    expect(existsSync(join(folder, 'looked'))).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(said().match(/another POSTGRES_PASSWORD/g)).toHaveLength(1)
    expect(said()).not.toContain('not the one')
    await asSuperuser(async () => {})
    writeFileSync(join(folder, 'password'), postgres.superuserPassword)
    await untilSaid(said, 'ready: llm')
  })
})

test('where an operator keeps the roles, what one module makes belongs to all, and the superuser stays one', async () => {
  await asSuperuser(async (client) => {
    await client.query("CREATE ROLE cluster_owner LOGIN PASSWORD 'a'")
    await client.query('CREATE DATABASE cluster_database OWNER cluster_owner')
    await client.query("CREATE ROLE speech LOGIN PASSWORD 'b' IN ROLE cluster_owner")
    await client.query("CREATE ROLE asks_for_passwords LOGIN PASSWORD 'c'")
    for (const statement of ownerStatements) {
      const here = statement
        .replaceAll("'colonnade'", "'cluster_owner'")
        .replaceAll('DATABASE colonnade', 'DATABASE cluster_database')
      await client.query(here)
    }
  })
  const login = { user: 'speech', password: 'b', database: 'cluster_database' }
  await asUser(login, (client) => client.query('CREATE SCHEMA colonnade'))
  const { rows } = await asUser(
    { user: 'postgres', password: postgres.superuserPassword, database: 'cluster_database' },
    (client) =>
      client.query(
        "SELECT nspowner::regrole::text AS owner, current_user AS me FROM pg_namespace WHERE nspname = 'colonnade'",
      ),
  )
  expect(rows).toEqual([{ owner: 'cluster_owner', me: 'postgres' }])
  const { rows: strangers } = await asUser(
    { user: 'asks_for_passwords', password: 'c', database: 'cluster_database' },
    (client) => client.query('SELECT current_user AS me'),
  )
  expect(strangers).toEqual([{ me: 'asks_for_passwords' }])
})
