import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Pool, PoolClient } from 'pg'
import type { Log } from './log.ts'
import { inTransaction, timed } from './transaction.ts'

/** One step of the schema: a file of SQL, numbered. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/** A migration that did not go through; nothing of it stays. The cause says why. */
export class MigrationError extends Error {}

const folder = path.join(import.meta.dirname, 'migrations')
// Any number, the same for ever: whoever migrates holds it.
const lockKey = 7_202_611_001
const timeoutMs = 120_000

/** Brings the schema up to this code: one transaction a step, forwards only, safe beside others doing the same. */
export async function migrate(
  pool: Pool,
  log: Log,
  migrations?: readonly Migration[],
): Promise<void> {
  const steps = migrations ?? (await readMigrations())
  try {
    await locked(pool, createBookkeeping)
    const applied = await appliedIn(pool)
    reportDifferences(steps, applied, log)
    for (const step of steps) {
      if (applied.has(step.version)) continue
      const isOurs = await locked(pool, (client) => apply(client, step))
      if (isOurs) log.info({ migration: step.name }, `database migrated: ${step.name}`)
    }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new MigrationError(`The database schema could not be brought up to date: ${message}`, {
      cause,
    })
  }
}

/** The migrations of this code, in order. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map(readMigration))
}

async function readMigration(fileName: string): Promise<Migration> {
  const sql = (await readFile(path.join(folder, fileName), 'utf8')).replaceAll('\r\n', '\n')
  const checksum = createHash('sha256').update(sql).digest('hex')
  return {
    version: Number.parseInt(fileName, 10),
    name: path.basename(fileName, '.sql'),
    sql,
    checksum,
  }
}

function locked<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(pool, timeoutMs, async (client) => {
    await client.query(timed('select pg_advisory_xact_lock($1)', [lockKey], timeoutMs))
    return work(client)
  })
}

async function createBookkeeping(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ has_schema: boolean; has_table: boolean }>(
    `select to_regnamespace('colonnade') is not null as has_schema,
            to_regclass('colonnade.migrations') is not null as has_table`,
  )
  // `if not exists` would ask for the right to create even where there is nothing to create.
  if (!rows[0]?.has_schema) await client.query('create schema colonnade')
  if (rows[0]?.has_table) return
  await client.query(
    `create table colonnade.migrations (
       version integer primary key,
       name text not null,
       checksum text not null,
       applied_at timestamptz not null default now()
     )`,
  )
}

async function appliedIn(pool: Pool): Promise<ReadonlyMap<number, string>> {
  const { rows } = await pool.query<{ version: number; checksum: string }>(
    'select version, checksum from colonnade.migrations',
  )
  return new Map(rows.map((row) => [row.version, row.checksum]))
}

async function apply(client: PoolClient, step: Migration): Promise<boolean> {
  const done = await client.query('select from colonnade.migrations where version = $1', [
    step.version,
  ])
  if (done.rowCount !== 0) return false
  // Without values it may hold several statements.
  await client.query(timed(step.sql, [], timeoutMs))
  await client.query(
    'insert into colonnade.migrations (version, name, checksum) values ($1, $2, $3)',
    [step.version, step.name, step.checksum],
  )
  return true
}

function reportDifferences(
  steps: readonly Migration[],
  applied: ReadonlyMap<number, string>,
  log: Log,
): void {
  for (const step of steps) {
    const checksum = applied.get(step.version)
    if (checksum === undefined || checksum === step.checksum) continue
    log.error(
      { migration: step.name },
      `migration ${step.name} was applied with other content than it has now`,
    )
  }
  const newest = Math.max(...applied.keys())
  const known = Math.max(...steps.map((step) => step.version))
  if (newest > known) {
    log.info(
      { database: newest, code: known },
      'the database schema is newer than this code; going on with it',
    )
  }
}
