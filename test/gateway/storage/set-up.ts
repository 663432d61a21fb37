import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import {
  createStorage,
  type Storage,
  type StorageOptions,
} from '../../../gateway/storage/storage.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'
import { createLogRecorder } from './log-recorder.ts'

interface Surroundings {
  postgres: TestPostgres
  /** Empty before each test. */
  database: TestDatabase
  spoolDir: string
  log: ReturnType<typeof createLogRecorder>
}

/** One Postgres for a test file; a database, a spool folder and a log for each test. */
export function setUpStorage() {
  const here: Partial<Surroundings> = {}
  const opened: Storage[] = []

  function given<K extends keyof Surroundings>(name: K): Surroundings[K] {
    const value: Surroundings[K] | undefined = here[name]
    if (value === undefined) throw new Error(`${name} is there only while a test runs`)
    return value
  }

  beforeAll(async () => {
    here.postgres = await createTestPostgres()
  })
  afterAll(() => here.postgres?.remove())
  beforeEach(async () => {
    await given('postgres').start()
    here.database = await given('postgres').createDatabase()
    here.spoolDir = await mkdtemp(path.join(tmpdir(), 'colonnade-spool-'))
    here.log = createLogRecorder()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((storage) => storage.close({ deadlineMs: 1000 })))
    await rm(given('spoolDir'), { recursive: true, force: true })
  })

  return {
    given,
    /** Opens a storage that is closed after the test. */
    open(changes: Partial<StorageOptions> = {}): Storage {
      const { url } = given('database')
      const log = given('log')
      const spoolDir = given('spoolDir')
      const storage = createStorage({
        databaseUrl: () => url,
        spoolDir,
        module: 'llm',
        log,
        ...changes,
      })
      opened.push(storage)
      return storage
    },
    /** How many usage rows are in the database. */
    async stored(): Promise<number> {
      const [row] = await given('database').query(
        'select count(*)::int as n from colonnade.spend_logs',
      )
      return Number(row?.['n'])
    },
  }
}

/** Waits for a condition, some seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), {
    timeout: 30_000,
    interval: 20,
  })
}

/** Waits until a storage has its database. */
export async function untilConnected(storage: Storage): Promise<void> {
  await until(() => storage.state().db === 'connected')
}
