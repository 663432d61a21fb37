import { Pool } from 'pg'
import { expect, test } from 'vitest'

import { AccessBook } from '../../../gateway/auth/access-book.ts'
import { Notices } from '../../../gateway/storage/notices.ts'
import { keysIn } from '../../doubles/virtual-keys.ts'
import { setUpStorage, until, untilConnected } from './set-up.ts'
import { usageRow } from './usage-rows.ts'

const { given, open } = setUpStorage()

async function openWithKeys() {
  const storage = open()
  await untilConnected(storage)
  const database = given('database')
  return { storage, database, keys: keysIn(database, 'salt') }
}

test('a key comes with all that it hangs on', async () => {
  const { storage, database, keys } = await openWithKeys()
  await keys.addTeam('t', { models: ['m'] })
  await keys.addTeam('led')
  await keys.addUser('u', 'proxy_admin', { rpm_limit: 1 })
  const key = await keys.add({
    teamId: 't',
    userId: 'u',
    settings: { tpm_limit: 2 },
    expiresAt: '2027-01-01T00:00:00Z',
  })
  await database.query(
    `insert into colonnade.budgets (id, settings) values ('b', '{"max_budget": 3}')`,
  )
  await database.query(`update colonnade.keys set budget_id = 'b', alias = 'mine'`)
  await database.query(
    `insert into colonnade.team_members (team_id, user_id, role, budget_id, settings)
     values ('t', 'u', 'user', 'b', '{"rpm_limit": 4}'), ('led', 'u', 'admin', null, '{}')`,
  )
  const id = keys.digestOf(key)
  expect(await storage.access.find([id, 'f'.repeat(64)])).toEqual([
    {
      id,
      name: `sk-...${key.slice(-4)}`,
      alias: 'mine',
      isBlocked: false,
      expiresAtMs: Date.UTC(2027, 0, 1),
      settings: { tpm_limit: 2 },
      budget: { id: 'b', settings: { max_budget: 3 } },
      user: {
        id: 'u',
        alias: null,
        isBlocked: false,
        role: 'proxy_admin',
        settings: { rpm_limit: 1 },
      },
      team: { id: 't', alias: null, isBlocked: false, settings: { models: ['m'] } },
      member: { settings: { rpm_limit: 4 }, budget: { id: 'b', settings: { max_budget: 3 } } },
      adminOf: ['led'],
    },
  ])
})

test('what is asked for is data, whatever it holds', async () => {
  const { storage, keys } = await openWithKeys()
  const id = keys.digestOf(await keys.add())
  const odd = ["' or true --", '{}', '"', '\\', '%', '']
  expect(await storage.access.find(odd)).toEqual([])
  expect(await storage.access.find([...odd, id])).toMatchObject([{ id, budget: null, team: null }])
})

test('the newest keys are recent, and those that were used lately', async () => {
  const { storage, database, keys } = await openWithKeys()
  const [old, used, fresh] = [await keys.add(), await keys.add(), await keys.add()].map((key) =>
    keys.digestOf(key),
  )
  await database.query(
    `update colonnade.keys set created_at = now() - interval '1 year' where id <> $1`,
    [fresh],
  )
  storage.recordUsage(usageRow({ caller: used ?? '', startedAtMs: Date.now() }))
  await until(async () => (await storage.access.findRecent(1)).length === 2)
  expect(new Set(await storage.access.findRecent(1))).toEqual(new Set([used, fresh]))
  expect((await storage.access.findRecent(3)).includes(old ?? '')).toBe(true)
})

test('while Postgres is away nothing is found, and that is said', async () => {
  const { storage } = await openWithKeys()
  await given('postgres').stop()
  await expect(storage.access.find(['a'])).rejects.toMatchObject({ code: 'storage_unavailable' })
})

test('where notices are looked up a key that is taken away is refused within five seconds', async () => {
  const { storage, database, keys } = await openWithKeys()
  const pool = new Pool({ connectionString: database.url, max: 1 })
  await pool.query('select 1')
  // Its listening connection is in another database, where no notice of this one arrives.
  const elsewhere = await given('postgres').createDatabase()
  Object.assign(pool.options, { connectionString: elsewhere.url })
  const connection = { pool, suspect: () => undefined }
  const notices = new Notices({ connection, log: given('log') })
  const now = () => performance.now()
  const book = new AccessBook({ source: storage.access, notices, now })
  book.open({ onDatabaseOutage: 'lease', maxKeyStalenessMs: 3_600_000, timeZone: 'UTC' })
  await until(() => book.state.mode === 'polling')
  const key = await keys.add()
  const id = keys.digestOf(key)
  const isGood = async () => {
    try {
      return (await book.find(id)).id === id
    } catch {
      return false
    }
  }
  await until(isGood)
  const from = now()
  await keys.remove(key)
  await until(async () => !(await isGood()))
  expect(now() - from).toBeLessThan(5_000)
  book.close()
  await notices.close()
  await pool.end()
})
