import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createStorage,
  type Storage,
  type StorageOptions,
} from '../../../gateway/storage/storage.ts'
import {
  createTestPostgres,
  findFreePort,
  type TestDatabase,
  type TestPostgres,
} from '../../doubles/postgres.ts'
import { createLine } from '../../doubles/line.ts'
import { createLogRecorder } from './log-recorder.ts'
import { usageRow } from './usage-rows.ts'

let postgres: TestPostgres
let database: TestDatabase
let spoolDir = ''
let log = createLogRecorder()
const opened: Storage[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())

beforeEach(async () => {
  await postgres.start()
  database = await postgres.createDatabase()
  spoolDir = await mkdtemp(path.join(tmpdir(), 'colonnade-spool-'))
  log = createLogRecorder()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close({ deadlineMs: 1000 })))
  await rm(spoolDir, { recursive: true, force: true })
})

function open(changes: Partial<StorageOptions> = {}): Storage {
  const storage = createStorage({
    databaseUrl: () => database.url,
    spoolDir,
    module: 'llm',
    log,
    ...changes,
  })
  opened.push(storage)
  return storage
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), {
    timeout: 15_000,
    interval: 20,
  })
}

const isConnected = (storage: Storage) => until(() => storage.state().db === 'connected')

async function stored(): Promise<number> {
  const [row] = await database.query('select count(*)::int as n from colonnade.spend_logs')
  return Number(row?.['n'])
}

describe('usage', () => {
  test('is stored as it was recorded', async () => {
    const storage = open()
    const row = usageRow({ usage: { promptTokens: 17, images: 2, audioSeconds: 1.5 } })
    storage.recordUsage(row)
    await until(async () => storage.state().pendingWrites === 0)
    const [found] = await database.query(
      'select *, extract(epoch from started_at) * 1000 as ms from colonnade.spend_logs',
    )
    expect(found).toMatchObject({
      id: row.id,
      module: 'llm',
      endpoint: 'chat-completions',
      model: 'qwen',
      deployment_id: 'c0ffee00c0ffee00',
      provider: 'ollama_chat',
      upstream_model: 'qwen3:8b',
      caller: 'master',
      status: 200,
      outcome: 'ok',
      is_stream: true,
      attempts: 1,
      duration_ms: 1234,
      first_byte_ms: 56,
      prompt_tokens: '17',
      completion_tokens: null,
      images: '2',
      audio_seconds: 1.5,
    })
    expect(Number(found?.['ms'])).toBe(row.startedAtMs)
  })

  test('takes less than 400 bytes a row, index and all', async () => {
    const storage = open()
    for (let i = 0; i < 5000; i += 1) storage.recordUsage(usageRow({ startedAtMs: Date.now() + i }))
    await until(async () => storage.state().pendingWrites === 0)
    const [size] = await database.query(
      `select pg_total_relation_size('colonnade.spend_logs') / 5000.0 as bytes`,
    )
    expect(await stored()).toBe(5000)
    expect(Number(size?.['bytes'])).toBeLessThan(400)
  })

  test('that no database takes does not hold up the rest', async () => {
    const storage = open()
    await isConnected(storage)
    storage.recordUsage(
      usageRow({ model: 'half a pair \ud800 and a nul \0', usage: { promptTokens: 1e300 } }),
    )
    storage.recordUsage(usageRow({ id: 'no uuid', status: Number.NaN }))
    for (let i = 0; i < 20; i += 1) storage.recordUsage(usageRow())
    await until(async () => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(21)
    expect(storage.metrics().droppedRows).toBe(1)
    expect(log.matching('does not take')).toHaveLength(1)
  })

  test('without a configured database is not kept, and the disk stays empty', async () => {
    const storage = open({ databaseUrl: () => undefined })
    storage.recordUsage(usageRow())
    await sleep(50)
    expect(storage.state()).toMatchObject({ db: 'not configured', pendingWrites: 0 })
    expect(await readdir(spoolDir)).toEqual([])
  })

  test('waits on disk for a Postgres that is absent at start', async () => {
    await postgres.stop()
    const storage = open()
    for (let i = 0; i < 700; i += 1) storage.recordUsage(usageRow())
    await until(() => storage.metrics().spooledRows === 700)
    await until(() => storage.state().cause === 'connection refused')
    expect(storage.state()).toMatchObject({ db: 'Not connected', pendingWrites: 700, spool: 'ok' })
    await postgres.start()
    await isConnected(storage)
    await until(() => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(700)
    expect(storage.metrics().replayedRows).toBe(700)
    expect(log.matching('connection refused')).toHaveLength(1)
    await storage.close({ deadlineMs: 1000 })
    expect(await readdir(spoolDir)).toEqual([])
  })

  test('is stored once each when Postgres stops and starts under a stream of requests', async () => {
    const storage = open()
    await isConnected(storage)
    let recorded = 0
    const stream = setInterval(() => {
      for (let i = 0; i < 20; i += 1) storage.recordUsage(usageRow())
      recorded += 20
    }, 5)
    for (let outage = 0; outage < 2; outage += 1) {
      await sleep(600)
      await postgres.stop()
      await until(() => storage.state().db === 'Not connected')
      await sleep(1200)
      await postgres.start()
      await isConnected(storage)
    }
    clearInterval(stream)
    await until(() => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(recorded)
    expect(storage.metrics()).toMatchObject({ droppedRows: 0, spooledRows: 0, spooledBytes: 0 })
  })

  test('spooled by a killed process is stored once by its successors, torn line or not', async () => {
    await postgres.stop()
    const script = path.join(import.meta.dirname, 'writer-process.ts')
    const child = spawn(process.execPath, [script, database.url, spoolDir, '300'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const living = open()
    await until(async () => (await readdir(spoolDir)).length === 2)
    expect(storageRows(living), 'a living worker keeps its own').toBe(0)
    await living.close({ deadlineMs: 100 })

    child.kill('SIGKILL')
    await once(child, 'exit')
    const [folder = ''] = await readdir(spoolDir)
    await appendFile(path.join(spoolDir, folder, '00000001.jsonl'), '{"id":"0000-torn')
    const successors = [open(), open(), open()]
    await until(() => successors.reduce((sum, one) => sum + storageRows(one), 0) === 300)
    await postgres.start()
    await until(async () =>
      successors.every((one) => one.state().db === 'connected' && storageRows(one) === 0),
    )
    expect(await stored()).toBe(300)
    expect(successors.reduce((sum, one) => sum + one.metrics().replayedRows, 0)).toBe(300)
    expect(successors.reduce((sum, one) => sum + one.metrics().unreadableRows, 0)).toBe(1)
  })

  test('left at close without Postgres is stored by the next start', async () => {
    await postgres.stop()
    const first = open()
    for (let i = 0; i < 30; i += 1) first.recordUsage(usageRow())
    await first.close({ deadlineMs: 500 })
    await postgres.start()
    const second = open()
    await until(() => second.metrics().replayedRows === 30)
    expect(await stored()).toBe(30)
  })

  test('without a place on disk stays in memory, and what does not fit is counted', async () => {
    await postgres.stop()
    const blocked = path.join(spoolDir, 'file')
    await writeFile(blocked, '')
    const storage = open({ spoolDir: path.join(blocked, 'below'), maxRowsInMemory: 100 })
    for (let i = 0; i < 130; i += 1) storage.recordUsage(usageRow())
    await until(() => storage.state().spool === 'unwritable')
    expect(storage.metrics()).toMatchObject({ pendingRows: 100, droppedRows: 30 })
    await sleep(2500)
    expect(log.matching('usage spool is')).toHaveLength(1)
    expect(log.matching('being dropped')).toHaveLength(1)
    await postgres.start()
    await isConnected(storage)
    await until(() => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(100)
  })

  test('over the bound of the spool is kept in memory and said so', async () => {
    await postgres.stop()
    const storage = open({ maxSpoolBytes: 2000, maxRowsInMemory: 10 })
    for (let i = 0; i < 10; i += 1) storage.recordUsage(usageRow())
    await until(() => storage.state().spool === 'full')
    storage.recordUsage(usageRow())
    expect(storage.metrics().droppedRows).toBe(1)
    expect(log.matching('the usage spool is full')).toHaveLength(1)
  })
})

const storageRows = (storage: Storage) => storage.state().pendingWrites

describe('the connection', () => {
  test('takes a corrected password without a restart, and never logs one', async () => {
    let url = database.url.replace(database.password, 'not-the-password')
    const states: string[] = []
    const storage = open({
      databaseUrl: () => url,
      onState: (state) => states.push([state.db, state.cause].filter(Boolean).join(': ')),
    })
    await until(() => storage.state().cause === 'wrong password')
    await sleep(1500)
    expect(log.matching('wrong password')).toHaveLength(1)
    expect(storage.state().nextAttemptMs).toBeLessThanOrEqual(15_000)
    url = database.url
    await isConnected(storage)
    expect(states).toEqual(['Not connected: wrong password', 'connected'])
    expect(storage.state()).not.toHaveProperty('cause')
    const said = log.lines.join('\n')
    expect(said).not.toContain('not-the-password')
    expect(said).not.toContain(database.password)
  })

  test.for([
    [
      'a host that DNS does not know',
      'postgres://me:secret@no-such-host.invalid/db',
      /^DNS does not/,
    ],
    ['a URL of another kind', 'mysql://me:secret@127.0.0.1/db', /^DATABASE_URL is not usable$/],
    ['a database that is not there', 'THERE/nothing', /^(no such database|permission missing)$/],
    ['TLS that the server has not', 'HERE?sslmode=require', /^TLS$/],
  ] as const)('says in plain words what is wrong: %s', async ([, template, cause]) => {
    const server = database.url.slice(0, database.url.lastIndexOf('/'))
    const url = template.replace('THERE', server).replace('HERE', database.url)
    const storage = open({ databaseUrl: () => url })
    await until(() => storage.state().cause !== undefined)
    expect(storage.state()).toMatchObject({
      db: 'Not connected',
      cause: expect.stringMatching(cause),
    })
    expect(storage.state().hint).toBeTruthy()
    expect(log.lines.join('\n')).not.toContain('secret')
    expect(JSON.stringify(storage.state())).not.toContain('127.0.0.1')
  })

  test('goes by the list of hosts to the first that answers', async () => {
    const dead = await findFreePort()
    const url = database.url.replace('@', `@127.0.0.1:${dead},`)
    await isConnected(open({ databaseUrl: () => url }))
  })

  test('begins when the database is configured later', async () => {
    let url: string | undefined
    const storage = open({ databaseUrl: () => url })
    await sleep(100)
    expect(storage.state().db).toBe('not configured')
    url = database.url
    await isConnected(storage)
  })

  test('to a server that has fallen silent is given up in seconds, and nothing is lost', async () => {
    const line = await createLine(postgres.port)
    const url = database.url.replace(`:${postgres.port}/`, `:${line.port}/`)
    const storage = open({ databaseUrl: () => url })
    await isConnected(storage)
    line.freeze()
    const frozenAt = Date.now()
    storage.recordUsage(usageRow())
    await until(() => storage.state().cause === 'timed out' && storage.metrics().spooledRows === 1)
    expect(Date.now() - frozenAt).toBeLessThan(12_000)
    line.thaw()
    await until(() => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(1)
    await storage.close({ deadlineMs: 1000 })
    await line.close()
  })

  test('that is cut is noticed and made again', async () => {
    const storage = open()
    await isConnected(storage)
    await database.administer(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${database.role}'`,
    )
    const before = storage.metrics().connectionAttempts
    storage.recordUsage(usageRow())
    await until(() => storage.state().pendingWrites === 0)
    expect(await stored()).toBe(1)
    expect(storage.metrics().connectionAttempts).toBeLessThanOrEqual(before + 1)
  })
})

describe('images', () => {
  const image = { bytes: Buffer.from([137, 80, 78, 71, 0, 255]), contentType: 'image/png' }

  test('are found by every replica until their time is over', async () => {
    const [one, other] = [open(), open()]
    await Promise.all([isConnected(one), isConnected(other)])
    const id = await one.saveImage(image, 60_000)
    expect(id).toMatch(/^[\w-]{43}$/)
    expect(await other.findImage(id)).toEqual(image)
    expect(await other.findImage(`${id.slice(0, -1)}_`)).toBeUndefined()
    const shortLived = await one.saveImage(image, 1)
    await sleep(20)
    expect(await one.findImage(shortLived)).toBeUndefined()
    expect(await other.findImage(shortLived)).toBeUndefined()
  })

  test('are kept by id hashes, so that the table gives no access', async () => {
    const storage = open()
    await isConnected(storage)
    const id = await storage.saveImage(image, 60_000)
    const [row] = await database.query('select image_files::text as all from colonnade.image_files')
    expect(String(row?.['all'])).not.toContain(Buffer.from(id).toString('hex'))
  })

  test('are served from memory while Postgres is away', async () => {
    const storage = open()
    await isConnected(storage)
    const before = await storage.saveImage(image, 60_000)
    await postgres.stop()
    const during = await storage.saveImage(image, 60_000)
    expect(await storage.findImage(before)).toEqual(image)
    expect(await storage.findImage(during)).toEqual(image)
  })

  test('without a database live in this process, within a bound', async () => {
    let now = 1000
    const storage = open({ databaseUrl: () => undefined, now: () => now })
    const large = { bytes: Buffer.alloc(30 * 1024 * 1024), contentType: 'image/png' }
    const ids = []
    for (let i = 0; i < 3; i += 1) ids.push(await storage.saveImage(large, 60_000))
    const found = await Promise.all(ids.map((id) => storage.findImage(id)))
    expect(found.map((one) => one !== undefined)).toEqual([false, true, true])
    now += 60_000
    expect(await storage.findImage(ids[2] ?? '')).toBeUndefined()
    const huge = { bytes: Buffer.alloc(65 * 1024 * 1024), contentType: 'image/png' }
    await expect(storage.saveImage(huge, 1000)).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
  })
})
