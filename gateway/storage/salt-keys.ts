import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import { timed } from './transaction.ts'

/** A salt key that something in the database was made under. */
export interface SaltKey {
  readonly id: string
  /** A text that only it opens. */
  readonly sealed: string
}

const timeoutMs = 5000
const away =
  'The database is away or not configured: `GET /health/readiness` says which; ask again.'

/** The names of salt keys in Postgres. All throw `storage_unavailable` while it is away. */
export class SaltKeys {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Those something was made under, the oldest first. */
  find(): Promise<readonly SaltKey[]> {
    return this.#ask('select id, sealed from colonnade.salt_keys order by first_used_at', [])
  }

  /** Writes one down; what stands there stays as it is. */
  async add({ id, sealed }: SaltKey): Promise<void> {
    await this.#ask(
      'insert into colonnade.salt_keys (id, sealed) values ($1, $2) on conflict do nothing returning id',
      [id, sealed],
    )
  }

  async remove(id: string): Promise<void> {
    await this.#ask('delete from colonnade.salt_keys where id = $1 returning id', [id])
  }

  /** How many keys, credentials and models still hang on each salt key, by its id. */
  async countUses(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#ask<{ id: string; n: number }>(
      `select id, sum(n)::integer as n from (
         select salt_id as id, count(*) as n from colonnade.keys where salt_id is not null group by 1
         union all select split_part(sealed, ':', 2), count(*) from colonnade.credentials group by 1
         union all select split_part(sealed, ':', 2), count(*) from colonnade.models group by 1
       ) as uses group by id`,
      [],
    )
    return new Map(rows.map(({ id, n }) => [id, n]))
  }

  #ask<Row extends object = SaltKey>(sql: string, values: unknown[]): Promise<readonly Row[]> {
    return ask(this.#connection, away, async (pool) => {
      const { rows } = await pool.query<Row>(timed(sql, values, timeoutMs))
      return rows
    })
  }
}
