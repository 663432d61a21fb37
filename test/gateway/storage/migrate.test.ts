import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate, readMigrations, type Migration } from '../../../gateway/storage/migrate.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'
import { createLogRecorder } from './log-recorder.ts'
import { schemaQuery } from './schema.ts'

let postgres: TestPostgres
let database: TestDatabase
let log = createLogRecorder()
const pools: Pool[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())

beforeEach(async () => {
  database = await postgres.createDatabase()
  log = createLogRecorder()
})
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())))

function openPool(url = database.url, max = 2): Pool {
  const pool = new Pool({ connectionString: url, max })
  // The server may end a connection that the pool has begun to close.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pools.push(pool)
  return pool
}

const step = (version: number, sql: string): Migration => ({
  version,
  name: `000${version}-step`,
  sql,
  checksum: sql,
})

async function applied() {
  const rows = await database.query(
    'select version, checksum from colonnade.migrations order by version',
  )
  return rows.map((row) => `${String(row['version'])} ${String(row['checksum'])}`)
}

test('the schema is the one on file', async () => {
  await migrate(openPool(), log)
  const rows = await database.query(schemaQuery)
  const schema = rows.map((row) => String(row['line'])).join('\n')
  await expect(`${schema}\n`).toMatchFileSnapshot('../../fixtures/schema.txt')
})

test('ten processes at once apply each step once', async () => {
  await Promise.all(Array.from({ length: 10 }, () => migrate(openPool(), log)))
  const steps = await readMigrations()
  expect(steps.length).toBeGreaterThan(1)
  expect(await applied()).toEqual(steps.map(({ version, checksum }) => `${version} ${checksum}`))
  expect(log.matching('database migrated')).toHaveLength(steps.length)
})

test('files are numbered without a gap', async () => {
  const versions = (await readMigrations()).map(({ version }) => version)
  expect(versions).toEqual(versions.map((_, index) => index + 1))
})

test('a step that fails leaves nothing, and goes through when its cause is gone', async () => {
  const steps = [
    step(1, 'create table colonnade.first (n int)'),
    step(2, 'create table colonnade.second (n int); insert into public.missing values (1)'),
  ]
  await expect(migrate(openPool(), log, steps)).rejects.toThrow('"public.missing" does not exist')
  expect(await database.query(`select to_regclass('colonnade.second') as name`)).toEqual([
    { name: null },
  ])
  expect(await applied()).toEqual([`1 ${steps[0]?.checksum}`])
  await database.administer(
    'create table public.missing (n int); grant insert on public.missing to public',
  )
  await migrate(openPool(), log, steps)
  expect(await applied()).toHaveLength(2)
})

test('a database newer than the code is accepted and said', async () => {
  await migrate(openPool(), log, [step(1, 'select 1'), step(2, 'select 2')])
  await migrate(openPool(), log, [step(1, 'select 1')])
  expect(log.matching('info the database schema is newer')).toHaveLength(1)
})

test('a step whose content has changed is reported, and not applied again', async () => {
  await migrate(openPool(), log, [step(1, 'create table colonnade.once (n int)')])
  await migrate(openPool(), log, [step(1, 'create table colonnade.once (n bigint)')])
  expect(log.matching('error migration 0001-step was applied with other content')).toHaveLength(1)
})

test('a role without any right to create needs none once all is there', async () => {
  await migrate(openPool(), log)
  await database.administer(`create role plain login password 'x' role ${database.role}`)
  await database.administer(
    `grant usage on schema colonnade to plain; grant select on colonnade.migrations to plain`,
  )
  const url = database.url.replace(`${database.role}:${database.password}`, 'plain:x')
  const pool = openPool(url, 1)
  await expect(migrate(pool, log)).resolves.toBeUndefined()
})

test('roles that are set to one common role share what any of them made', async () => {
  await database.administer(`
    create role shared; grant create, connect on database ${database.name} to shared;
    create role llm login password 'x' in role shared; alter role llm set role shared;
    create role vision login password 'x' in role shared; alter role vision set role shared`)
  for (const role of ['llm', 'vision']) {
    const url = database.url.replace(`${database.role}:${database.password}`, `${role}:x`)
    const pool = openPool(url, 1)
    await migrate(pool, log)
    await pool.query('delete from colonnade.spend_logs')
  }
  expect(log.matching('database migrated')).toHaveLength((await readMigrations()).length)
})
