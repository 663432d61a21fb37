import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { migrate } from '../../../gateway/storage/migrate.ts'
import { Notices } from '../../../gateway/storage/notices.ts'
import { createLine } from '../../doubles/line.ts'
import { setUpStorage, until } from './set-up.ts'

const { given } = setUpStorage()
const closings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).toReversed()) await close()
})

async function openPool(url = given('database').url): Promise<Pool> {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 1000 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  closings.push(() => pool.end())
  await migrate(pool, given('log'))
  return pool
}

async function open(pool?: Pool) {
  const connection: { pool: Pool | undefined; suspect: () => void } = {
    pool: pool ?? (await openPool()),
    suspect: () => undefined,
  }
  const notices = new Notices({ connection, log: given('log') })
  closings.push(() => notices.close())
  const heard: string[] = []
  notices.listen('fruit', (payload) => heard.push(payload))
  return { notices, heard, connection }
}

test('a notice reaches every process once, those that are no concern of a listener not at all', async () => {
  const [one, two] = [await open(), await open()]
  await until(() => one.notices.mode === 'listening' && two.notices.mode === 'listening')
  await one.notices.notify('fruit', 'apple')
  await one.notices.notify('stone', 'flint')
  await two.notices.notify('fruit', 'pear')
  await until(() => one.heard.length === 2 && two.heard.length === 2)
  await sleep(600)
  expect(one.heard).toEqual(['apple', 'pear'])
  expect(two.heard).toEqual(['apple', 'pear'])
})

test('a listener may end', async () => {
  const { notices, heard } = await open()
  const others: string[] = []
  const end = notices.listen('fruit', (payload) => others.push(payload))
  await until(() => notices.isAlive)
  await notices.notify('fruit', 'apple')
  await until(() => others.length === 1)
  end()
  await notices.notify('fruit', 'pear')
  await until(() => heard.length === 2)
  expect(others).toEqual(['apple'])
})

test('whoever listens before there is a line is told that what it has read may have changed', async () => {
  const { notices, heard } = await open()
  await until(() => notices.isAlive)
  let missed = 0
  const late: { pool: Pool | undefined; suspect: () => void } = {
    pool: undefined,
    suspect: () => undefined,
  }
  const other = new Notices({ connection: late, log: given('log') })
  closings.push(() => other.close())
  other.listen(
    'fruit',
    () => undefined,
    () => (missed += 1),
  )
  await notices.notify('fruit', 'apple')
  await until(() => heard.length === 1)
  expect(missed).toBe(0)
  late.pool = await openPool()
  await until(() => other.isAlive)
  expect(missed).toBe(1)
})

test('a notice too long for Postgres to carry comes all the same', async () => {
  const { notices, heard } = await open()
  await until(() => notices.mode === 'listening')
  const long = 'ä'.repeat(20_000)
  await notices.notify('fruit', long)
  await until(() => heard.length === 1)
  expect(heard).toEqual([long])
})

test('nobody who does not listen opens a connection', async () => {
  const pool = await openPool()
  const notices = new Notices({
    connection: { pool, suspect: () => undefined },
    log: given('log'),
  })
  await notices.notify('fruit', 'apple')
  await sleep(500)
  const rows = await given('database').query(
    `select query from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
  )
  expect(rows).toEqual([])
  expect(notices.isAlive).toBe(false)
  await notices.close()
})

test('where LISTEN does not come through, notices are looked up', async () => {
  const pool = await openPool()
  await pool.query('select 1')
  // Its listening connection is in another database, where no notice of this one arrives.
  const elsewhere = await given('postgres').createDatabase()
  Object.assign(pool.options, { connectionString: elsewhere.url })
  pool.options.max = 1
  const { notices, heard } = await open(pool)
  await until(() => notices.mode === 'polling')
  const teller = await open()
  await teller.notices.notify('fruit', 'apple')
  await until(() => heard.length === 1)
  await teller.notices.notify('fruit', 'pear')
  await until(() => heard.length === 2)
  await sleep(900)
  expect(notices.mode).toBe('polling')
  expect(heard).toEqual(['apple', 'pear'])
})

test('a listener that hears nothing any more knows it, and catches up when the line is back', async () => {
  const line = await createLine(given('postgres').port)
  closings.push(() => line.close())
  const { url } = given('database')
  const pool = await openPool(url.replace(/:\d+\//, `:${line.port}/`))
  const { notices, heard } = await open(pool)
  const teller = await open()
  await until(() => notices.mode === 'listening')
  line.freeze()
  await until(() => !notices.isAlive)
  await teller.notices.notify('fruit', 'apple')
  line.thaw()
  await until(() => heard.length === 1)
  await until(() => notices.isAlive)
  await teller.notices.notify('fruit', 'pear')
  await until(() => heard.length === 2)
  expect(heard).toEqual(['apple', 'pear'])
})

test('while Postgres is away a notice cannot be given, and nothing is alive', async () => {
  const { notices, connection } = await open()
  await until(() => notices.isAlive)
  connection.pool = undefined
  await until(() => !notices.isAlive)
  expect(notices.mode).toBe('away')
  await expect(notices.notify('fruit', 'apple')).rejects.toThrow('Postgres is away')
})
