import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { afterEach, expect, test } from 'vitest'
import type { UsageRow } from '../../../gateway/accounting/usage.ts'
import { migrate, readMigrations } from '../../../gateway/storage/migrate.ts'
import { addSpendLogs, toLine } from '../../../gateway/storage/spend-logs.ts'
import { SpendKeeper } from '../../../gateway/storage/spend-keeper.ts'
import { setUpStorage, until, untilConnected } from './set-up.ts'
import { usageRow } from './usage-rows.ts'

const { given, open, stored } = setUpStorage()
const pools: Pool[] = []

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

/** A migrated database, its storage and a pool of our own. */
async function setUp() {
  const storage = open()
  await untilConnected(storage)
  const pool = new Pool({ connectionString: given('database').url })
  pools.push(pool)
  const keeper = (module: string, keepMs?: number) =>
    new SpendKeeper({
      connection: Object.assign(Object.create(null), { pool }),
      keeping: () => ({ module, keepMs }),
      log: given('log'),
    })
  return { storage, pool, keeper }
}

const add = (pool: Pool, rows: readonly UsageRow[]) => addSpendLogs(pool, rows.map(toLine))
const dayMs = 86_400_000

test('what exchanges come to is summed by day, each once however often it arrives', async () => {
  const { storage, pool } = await setUp()
  const first = usageRow({ costNano: 1_000, caller: 'k1', userId: 'ada', teamId: 'red' })
  const second = usageRow({ costNano: 2_345, caller: 'k1', userId: 'ada', teamId: 'red' })
  const failed = usageRow({ caller: 'k2', outcome: 'upstream_failed', status: 502, usage: {} })
  const nextDay = usageRow({ costNano: 5, caller: 'k2', startedAtMs: first.startedAtMs + dayMs })
  await add(pool, [first, failed])
  await add(pool, [first, second, failed])
  await add(pool, [nextDay])
  expect(await stored()).toBe(4)
  expect(await storage.spend.sum(['day'], {})).toMatchObject([
    { parts: { day: '2026-01-02' }, requests: 3, successes: 2, unpriced: 1, costNano: 3_345 },
    { parts: { day: '2026-01-03' }, requests: 1, costNano: 5, totalTokens: 22 },
  ])
  const [all] = await storage.spend.sum([], { callers: ['k1'] })
  expect(all).toMatchObject({ parts: {}, requests: 2, promptTokens: 34, costNano: 3_345 })
  expect(await storage.spend.sum(['team', 'user'], { to: '2026-01-02' })).toMatchObject([
    { parts: { team: 'red', user: 'ada' }, costNano: 3_345 },
    { parts: { team: '', user: '' }, costNano: 0 },
  ])
  expect(await storage.spend.sum(['model'], { modules: ['vision'] })).toEqual([])
  expect(await storage.spend.sum([], { modules: ['vision'] })).toMatchObject([{ requests: 0 }])
})

test('writers that add to the same sums at once lose nothing and lock each other never', async () => {
  const { storage, pool } = await setUp()
  const callers = ['a', 'b', 'c', 'd', 'e']
  const batch = (turn: number) =>
    Array.from({ length: 40 }, (_, i) =>
      usageRow({
        caller: callers[(i * 7 + turn) % 5] ?? '',
        costNano: 3,
        tags: ['x', `y${i % 3}`],
      }),
    )
  await Promise.all(Array.from({ length: 30 }, (_, turn) => add(pool, batch(turn))))
  expect(await storage.spend.sum([], {})).toMatchObject([{ requests: 1200, costNano: 3600 }])
  const tags = await storage.spend.sumNamed('tag', { names: ['x'] })
  expect(tags).toMatchObject([{ name: 'x', requests: 1200, costNano: 3600 }])
})

test('spend by tag and by customer, a tag given twice counted once', async () => {
  const { storage, pool } = await setUp()
  await add(pool, [
    usageRow({ costNano: 7, tags: ['batch', 'batch', 'night'], endUser: 'eve' }),
    usageRow({ costNano: 8, tags: ['batch'], startedAtMs: Date.UTC(2026, 0, 4) }),
  ])
  expect(await storage.spend.sumNamed('tag', {})).toMatchObject([
    { name: 'batch', costNano: 15, requests: 2 },
    { name: 'night', costNano: 7, requests: 1 },
  ])
  expect(await storage.spend.sumNamed('tag', { isByDay: true, from: '2026-01-03' })).toMatchObject([
    { name: 'batch', day: '2026-01-04', costNano: 8 },
  ])
  expect(await storage.spend.sumNamed('customer', {})).toMatchObject([{ name: 'eve', costNano: 7 }])
})

test('all that keys, users, teams, members and customers ever spent', async () => {
  const { storage, pool } = await setUp()
  const mine = { caller: 'k1', userId: 'ada', teamId: 'red', endUser: 'eve' }
  await add(pool, [
    usageRow({ ...mine, costNano: 10 }),
    usageRow({ ...mine, costNano: 1, model: 'other', startedAtMs: Date.UTC(2025, 5, 5) }),
    usageRow({ caller: 'k2', teamId: 'red', costNano: 100 }),
  ])
  const { spend } = storage
  expect(await spend.spendOf('key', ['k1', 'k2', 'k3'])).toEqual(
    new Map([
      ['k1', 11],
      ['k2', 100],
    ]),
  )
  expect(await spend.spendOf('user', ['ada', ''])).toEqual(new Map([['ada', 11]]))
  expect(await spend.spendOf('team', ['red'])).toEqual(new Map([['red', 111]]))
  expect(await spend.spendOf('member', ['red/ada'])).toEqual(new Map([['red/ada', 11]]))
  expect(await spend.spendOf('customer', ['eve'])).toEqual(new Map([['eve', 11]]))
})

test('single exchanges come in pages, the newest first, by whom and when', async () => {
  const { storage, pool } = await setUp()
  const at = (day: number, changes: Partial<UsageRow> = {}) =>
    usageRow({ startedAtMs: Date.UTC(2026, 0, day, 23, 59, 59, 999), ...changes })
  const rows = [1, 2, 3, 4, 5].map((day) => at(day, { caller: day % 2 ? 'odd' : 'even' }))
  await add(pool, rows)
  const ids = rows.map(({ id }) => id)
  const find = async (filter: object, offset = 0, limit = 10) =>
    (await storage.spend.findRows(filter, { offset, limit })).map(({ id }) => ids.indexOf(id) + 1)
  expect(await find({})).toEqual([5, 4, 3, 2, 1])
  expect(await find({}, 2, 2)).toEqual([3, 2])
  expect(await find({ callers: ['odd'] })).toEqual([5, 3, 1])
  expect(await find({ from: '2026-01-02', to: '2026-01-03' })).toEqual([3, 2])
  expect(await find({ id: ids[3] })).toEqual([4])
  expect(await find({ users: ['nobody'] })).toEqual([])
  expect(await storage.spend.countRows({ callers: ['odd'] })).toBe(3)
  const [row] = await storage.spend.findRows({ id: ids[0] }, { offset: 0, limit: 1 })
  expect(row).toMatchObject({
    startedAt: '2026-01-01T23:59:59.999Z',
    endedAt: '2026-01-02T00:00:01.233Z',
    costNano: null,
    tags: null,
    totalTokens: 22,
  })
})

test('each week has a table, and rows that came before theirs move into it', async () => {
  const { pool, keeper } = await setUp()
  await pool.query("select colonnade.add_spend_weeks(now() + interval '5 weeks')")
  const inWeeks = (weeks: number) => usageRow({ startedAtMs: Date.now() + weeks * 7 * dayMs })
  await add(pool, [inWeeks(-9), inWeeks(0), inWeeks(1), inWeeks(5)])
  const other = async () => {
    const { rows } = await pool.query('select count(*)::int as n from colonnade.spend_logs_other')
    return Number(rows[0].n)
  }
  const before = await other()
  expect(before).toBeGreaterThanOrEqual(1)
  const tending = keeper('llm')
  await tending.tend()
  tending.close()
  expect(await other()).toBe(1)
  expect(await stored()).toBe(4)
})

test('each module keeps its exchanges as long as it wants; their sums stay', async () => {
  const { storage, pool, keeper } = await setUp()
  const old = Date.now() - 30 * dayMs
  await pool.query("select colonnade.add_spend_weeks(now() - interval '30 days')")
  const many = (module: string) =>
    Array.from({ length: 30 }, (_, i) =>
      usageRow({ module, id: randomUUID(), startedAtMs: old + i * dayMs, costNano: 1 }),
    )
  await add(pool, [...many('llm'), ...many('vision')])
  const turn = async (module: string, keepMs?: number) => {
    const tending = keeper(module, keepMs)
    await tending.tend()
    tending.close()
  }
  await turn('vision')
  await turn('llm', 10.5 * dayMs)
  const left = async (module: string) => storage.spend.countRows({ modules: [module] })
  expect(await left('vision')).toBe(30)
  expect(await left('llm')).toBe(10)
  const weeks = async () => {
    const { rows } = await pool.query(
      "select count(*)::int as n from pg_inherits where inhparent = 'colonnade.spend_logs'::regclass",
    )
    return Number(rows[0].n)
  }
  const before = await weeks()
  await turn('vision', 10.5 * dayMs)
  await turn('llm', 10.5 * dayMs)
  expect(await left('vision')).toBe(10)
  expect(await weeks()).toBeLessThan(before)
  expect(await storage.spend.sum([], {})).toMatchObject([{ requests: 60, costNano: 60 }])
})

test('exchanges of before there were sums are in them', async () => {
  const pool = new Pool({ connectionString: given('database').url })
  pools.push(pool)
  const steps = await readMigrations()
  const before = steps.filter(({ version }) => version < 9)
  await migrate(pool, given('log'), before)
  await pool.query(`insert into colonnade.spend_logs (started_at, id, total_tokens, cost_nano, duration_ms, status,
      attempts, is_stream, module, endpoint, model, caller, outcome)
    select timestamptz '2026-01-02 00:00Z' + n * interval '1 minute', gen_random_uuid(), 2, 3, 1, 200, 1, false, 'llm',
      'chat-completions', 'm', 'master', 'ok' from generate_series(1, 12000) as n`)
  await migrate(pool, given('log'), steps)
  const storage = open()
  await untilConnected(storage)
  expect(await stored()).toBe(12_000)
  const [sum] = await storage.spend.sum([], {})
  expect(sum).toMatchObject({ requests: 12_000, totalTokens: 24_000, costNano: 36_000 })
})

test('while Postgres is away a question about spend is refused, and says why', async () => {
  const { storage } = await setUp()
  await given('postgres').stop()
  await expect(storage.spend.sum([], {})).rejects.toMatchObject({ code: 'storage_unavailable' })
  await until(() => storage.state().db !== 'connected')
  await expect(storage.spend.findRows({}, { offset: 0, limit: 1 })).rejects.toMatchObject({
    message: expect.stringContaining('the database is away'),
  })
})

test('questions wait for each other, and leave connections to the requests that are served', async () => {
  const { storage, pool } = await setUp()
  const busy = async () => {
    const [row] = await given('database').query(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'active' and query like '%spend_days%' and pid <> pg_backend_pid()",
    )
    return Number(row?.['n'])
  }
  const locker = await pool.connect()
  await locker.query('begin; lock table colonnade.spend_days in access exclusive mode')
  const questions = Promise.all(Array.from({ length: 8 }, () => storage.spend.sum([], {})))
  await until(async () => (await busy()) > 0)
  await sleep(200)
  const asked = await busy()
  await locker.query('rollback')
  locker.release()
  expect(await questions).toHaveLength(8)
  expect(asked).toBe(2)
})
