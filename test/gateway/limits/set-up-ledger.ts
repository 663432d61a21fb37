import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'

import { createCounters, type RunningCounters } from '../../../gateway/limits/counters.ts'
import type { Ledger } from '../../../gateway/limits/ledger.ts'
import { createCounterLedger } from '../../../gateway/storage/counters.ts'
import { migrate } from '../../../gateway/storage/migrate.ts'
import { Notices } from '../../../gateway/storage/notices.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

export interface Replica {
  /** In whose name it tells the ledger. */
  readonly owner: string
  readonly counters: RunningCounters
  readonly notices: Notices
  /** Its connection to Postgres; taken away and given back to play an outage. */
  readonly connection: { pool: Pool | undefined; wasConfigured: boolean }
  readonly pool: Pool
  readonly now: () => number
  /** From now on as if it had been killed: it says nothing more. */
  kill(): void
  close(): Promise<void>
}

export interface ReplicaOptions {
  /** Stands in for the database's clock and, with it, for that of the process. */
  readonly clock?: { unixMs: number }
  /** How wrong the clock of the process is. */
  readonly wrongByMs?: number
  readonly tellEveryMs?: number
  readonly isConnected?: boolean
  /** Stands between the counters and the ledger, to lose or delay what they say. */
  readonly between?: (ledger: Ledger) => Ledger
  /** It hears no notices. */
  readonly isDeaf?: boolean
  /** What happens while a take waits for others. */
  readonly pause?: (ms: number) => Promise<void>
}

/** A Postgres for a test file, a database for each test, and processes that share it. */
export function setUpLedger() {
  const here: { postgres?: TestPostgres; database?: TestDatabase | undefined } = {}
  const replicas: Replica[] = []

  const database = (): TestDatabase => {
    if (!here.database) throw new Error('the database is there only while a test runs')
    return here.database
  }

  beforeAll(async () => {
    here.postgres = await createTestPostgres()
  })
  afterAll(() => here.postgres?.remove())
  beforeEach(async () => {
    here.database = await here.postgres?.createDatabase()
    const pool = new Pool({ connectionString: database().url, max: 1 })
    await migrate(pool, log)
    await pool.end()
  })
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.close()
  })

  function createReplica(options: ReplicaOptions = {}): Replica {
    const {
      clock,
      wrongByMs = 0,
      tellEveryMs = 0,
      isConnected = true,
      between,
      pause,
      isDeaf = false,
    } = options
    const pool = new Pool({ connectionString: database().url, max: 3 })
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    const connection = {
      pool: isConnected ? pool : undefined,
      wasConfigured: true,
      suspect: () => undefined,
      answered: () => undefined,
    }
    const notices = new Notices({ connection, log })
    const now = () => clock?.unixMs ?? performance.now()
    const owner = randomUUID()
    const ledger = createCounterLedger({
      owner,
      connection,
      notices: isDeaf ? { listen: () => () => undefined } : notices,
      ...(clock && { now }),
    })
    const counters = createCounters({
      ledger: between ? between(ledger) : ledger,
      now,
      ...(pause && { pause }),
      wallClock: () => (clock?.unixMs ?? Date.now()) + wrongByMs,
      log,
      tellEveryMs,
    })
    const replica = {
      owner,
      counters,
      notices,
      connection,
      pool,
      now,
      kill() {
        connection.pool = undefined
      },
      async close() {
        await counters.close(100)
        await notices.close()
        if (!pool.ending) await pool.end()
      },
    }
    replicas.push(replica)
    return replica
  }

  /** The ledger's row of a counter, newest window. */
  async function row(key: string) {
    const [found] = await database().query(
      `select amount::float8, spent::float8, leased::float8, unsettled::float8, excess::float8
       from colonnade.counters where key like $1 || ' %' order by starts_at desc limit 1`,
      [key],
    )
    return found
  }

  return { createReplica, row, database }
}

/** Waits for a condition, some seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), {
    timeout: 30_000,
    interval: 20,
  })
}
