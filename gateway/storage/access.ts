import type { Pool } from 'pg'
import type { AccessRow } from '../auth/access-row.ts'
import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import { timed } from './transaction.ts'

const timeoutMs = 2_000
const longTimeoutMs = 5_000

/** Virtual keys as they stand in Postgres. */
export class AccessStore {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Whether there is, or was, a database to look into. */
  get isConfigured(): boolean {
    return this.#connection.wasConfigured
  }

  /** Which server and database is at hand; undefined: none just now. */
  get place(): string | undefined {
    const { pool } = this.#connection
    if (!pool) return undefined
    const { host, port, database } = pool.options
    return `${host}:${port}/${database}`
  }

  /** Why none is at hand, in plain words. */
  get awayBecause(): string | undefined {
    return this.#connection.cause?.cause
  }

  /** Those of these keys that exist. Rejects with `storage_unavailable`. */
  find(ids: readonly string[]): Promise<readonly AccessRow[]> {
    return ask(this.#connection, away, (pool) => findKeys(pool, ids))
  }

  /** The ids of keys used or made last. Rejects with `storage_unavailable`. */
  findRecent(most: number): Promise<readonly string[]> {
    return ask(this.#connection, away, (pool) => findRecentKeys(pool, most))
  }
}

const away = 'The key cannot be looked up: the database is away. Ask again.'

/** Keys with all that they hang on, in one statement. */
async function findKeys(pool: Pool, ids: readonly string[]): Promise<readonly AccessRow[]> {
  const { rows } = await pool.query<AccessRow>(
    timed(
      `select k.id, k.name, k.alias, k.is_blocked as "isBlocked", k.settings,
         case when isfinite(k.expires_at)
           then (extract(epoch from k.expires_at) * 1000)::double precision end as "expiresAtMs",
         case when b.id is not null
           then json_build_object('id', b.id, 'settings', b.settings) end as budget,
         case when u.id is not null
           then json_build_object('id', u.id, 'alias', u.alias, 'isBlocked', u.is_blocked, 'role', u.role,
             'settings', u.settings) end as "user",
         case when t.id is not null
           then json_build_object('id', t.id, 'alias', t.alias, 'isBlocked', t.is_blocked,
             'settings', t.settings) end as team,
         case when m.user_id is not null
           then json_build_object('settings', m.settings, 'budget', case when mb.id is not null
             then json_build_object('id', mb.id, 'settings', mb.settings) end) end as member,
         array(select a.team_id from colonnade.team_members a
           where a.user_id = k.user_id and a.role = 'admin' order by a.team_id) as "adminOf"
       from colonnade.keys k
         left join colonnade.budgets b on b.id = k.budget_id
         left join colonnade.users u on u.id = k.user_id
         left join colonnade.teams t on t.id = k.team_id
         left join colonnade.team_members m on m.team_id = k.team_id and m.user_id = k.user_id
         left join colonnade.budgets mb on mb.id = m.budget_id
       where k.id = any($1::text[])`,
      [ids],
      timeoutMs,
    ),
  )
  return rows
}

/** Of the busiest of today and yesterday, and of the newest, so many each. */
async function findRecentKeys(pool: Pool, most: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    timed(
      `(select k.id from colonnade.keys k join (
          select caller, sum(requests) as requests from colonnade.spend_days
          where day >= (now() at time zone 'UTC')::date - 1
          group by caller order by requests desc limit $1
        ) as used on used.caller = k.id)
       union
       (select id from colonnade.keys order by created_at desc, id desc limit $1)`,
      [most],
      longTimeoutMs,
    ),
  )
  return rows.map(({ id }) => id)
}
