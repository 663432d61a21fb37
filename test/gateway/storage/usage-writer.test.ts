import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Storage } from '../../../gateway/storage/storage.ts'
import { setUpStorage, until, untilConnected } from './set-up.ts'
import { usageRow } from './usage-rows.ts'

const { given, open, stored } = setUpStorage()

const pending = (storage: Storage) => storage.state().pendingWrites

test('usage is stored as it was recorded', async () => {
  const storage = open()
  const row = usageRow({ usage: { promptTokens: 17, images: 2, audioSeconds: 1.5 } })
  storage.recordUsage(row)
  await until(async () => storage.state().pendingWrites === 0)
  const [found] = await given('database').query(
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

test('usage takes less than 400 bytes a row, index and all', async () => {
  const storage = open()
  const caller = 'c0ffee00'.repeat(8)
  for (let i = 0; i < 5000; i += 1)
    storage.recordUsage(usageRow({ startedAtMs: Date.now() + i, caller, userId: 'u', teamId: 't' }))
  await until(async () => storage.state().pendingWrites === 0)
  const [size] = await given('database').query(
    `select sum(pg_total_relation_size(relid)) / 5000.0 as bytes
     from pg_partition_tree('colonnade.spend_logs') where isleaf`,
  )
  expect(Number(size?.['bytes'])).toBeGreaterThan(100)
  expect(await stored()).toBe(5000)
  expect(Number(size?.['bytes'])).toBeLessThan(400)
})

test('usage that no database takes does not hold up the rest', async () => {
  const storage = open()
  await untilConnected(storage)
  storage.recordUsage(
    usageRow({ model: 'half a pair \ud800 and a nul \0', usage: { promptTokens: 1e300 } }),
  )
  storage.recordUsage(usageRow({ id: 'no uuid', status: Number.NaN }))
  for (let i = 0; i < 20; i += 1) storage.recordUsage(usageRow())
  await until(async () => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(21)
  expect(storage.metrics().droppedRows).toBe(1)
  expect(given('log').matching('does not take')).toHaveLength(1)
})

test('usage without a configured database is not kept, and the disk stays empty', async () => {
  const storage = open({ databaseUrl: () => undefined })
  storage.recordUsage(usageRow())
  await sleep(50)
  expect(storage.state()).toMatchObject({ db: 'not configured', pendingWrites: 0 })
  expect(await readdir(given('spoolDir'))).toEqual([])
})

test('usage waits on disk for a Postgres that is absent at start', async () => {
  await given('postgres').stop()
  const storage = open()
  for (let i = 0; i < 700; i += 1) storage.recordUsage(usageRow())
  await until(() => storage.metrics().spooledRows === 700)
  await until(() => storage.state().cause === 'connection refused')
  expect(storage.state()).toMatchObject({ db: 'Not connected', pendingWrites: 700, spool: 'ok' })
  await given('postgres').start()
  await untilConnected(storage)
  await until(() => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(700)
  expect(storage.metrics().replayedRows).toBe(700)
  expect(given('log').matching('connection refused')).toHaveLength(1)
  await storage.close({ deadlineMs: 1000 })
  expect(await readdir(given('spoolDir'))).toEqual([])
})

test('usage is stored once each when Postgres stops and starts under a stream of requests', async () => {
  const storage = open()
  await untilConnected(storage)
  let recorded = 0
  const stream = setInterval(() => {
    for (let i = 0; i < 20; i += 1) storage.recordUsage(usageRow())
    recorded += 20
  }, 5)
  for (let outage = 0; outage < 2; outage += 1) {
    await sleep(600)
    await given('postgres').stop()
    await until(() => storage.state().db === 'Not connected')
    await sleep(1200)
    await given('postgres').start()
    await untilConnected(storage)
  }
  clearInterval(stream)
  await until(() => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(recorded)
  expect(storage.metrics()).toMatchObject({ droppedRows: 0, spooledRows: 0, spooledBytes: 0 })
})

test('usage spooled by a killed process is stored once by its successors, torn line or not', async () => {
  await given('postgres').stop()
  const script = fileURLToPath(new URL('./writer-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, given('database').url, given('spoolDir'), '300'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const living = open()
  await until(async () => (await readdir(given('spoolDir'))).length === 2)
  expect(pending(living), 'a living worker keeps its own').toBe(0)
  await living.close({ deadlineMs: 100 })

  child.kill('SIGKILL')
  await once(child, 'exit')
  const [folder = ''] = await readdir(given('spoolDir'))
  await appendFile(path.join(given('spoolDir'), folder, '00000001.jsonl'), '{"id":"0000-torn')
  const successors = [open(), open(), open()]
  await until(() => successors.reduce((sum, one) => sum + pending(one), 0) === 300)
  await given('postgres').start()
  await until(async () =>
    successors.every((one) => one.state().db === 'connected' && pending(one) === 0),
  )
  expect(await stored()).toBe(300)
  expect(successors.reduce((sum, one) => sum + one.metrics().replayedRows, 0)).toBe(300)
  expect(successors.reduce((sum, one) => sum + one.metrics().unreadableRows, 0)).toBe(1)
})

test('usage left at close without Postgres is stored by the next start', async () => {
  await given('postgres').stop()
  const first = open()
  for (let i = 0; i < 30; i += 1) first.recordUsage(usageRow())
  await first.close({ deadlineMs: 500 })
  await given('postgres').start()
  const second = open()
  await until(() => second.metrics().replayedRows === 30)
  expect(await stored()).toBe(30)
})

test('usage without a place on disk stays in memory, and what does not fit is counted', async () => {
  await given('postgres').stop()
  const blocked = path.join(given('spoolDir'), 'file')
  await writeFile(blocked, '')
  const storage = open({ spoolDir: path.join(blocked, 'below'), maxRowsInMemory: 100 })
  for (let i = 0; i < 130; i += 1) storage.recordUsage(usageRow())
  await until(() => storage.state().spool === 'unwritable')
  expect(storage.metrics()).toMatchObject({ pendingRows: 100, droppedRows: 30 })
  await sleep(2500)
  expect(given('log').matching('usage spool is')).toHaveLength(1)
  expect(given('log').matching('being dropped')).toHaveLength(1)
  await given('postgres').start()
  await untilConnected(storage)
  await until(() => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(100)
})

test('usage over the bound of the spool is kept in memory and said so', async () => {
  await given('postgres').stop()
  const storage = open({ maxSpoolBytes: 2000, maxRowsInMemory: 10 })
  for (let i = 0; i < 10; i += 1) storage.recordUsage(usageRow())
  await until(() => storage.state().spool === 'full')
  storage.recordUsage(usageRow())
  expect(storage.metrics().droppedRows).toBe(1)
  expect(given('log').matching('the usage spool is full')).toHaveLength(1)
})
