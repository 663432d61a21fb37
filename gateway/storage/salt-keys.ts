import type { Pool } from 'pg'
import { timed } from './transaction.ts'

const timeoutMs = 5000

/** A salt key that something in the database was made under. */
export interface SaltKey {
  readonly id: string
  /** A text that only it opens. */
  readonly sealed: string
}

export async function findSaltKeys(pool: Pool): Promise<readonly SaltKey[]> {
  const { rows } = await pool.query<SaltKey>(
    timed('select id, sealed from colonnade.salt_keys order by first_used_at', [], timeoutMs),
  )
  return rows
}

/** Writes a salt key down; one that stands there stays as it is. */
export async function addSaltKey(pool: Pool, { id, sealed }: SaltKey): Promise<void> {
  await pool.query(
    timed(
      'insert into colonnade.salt_keys (id, sealed) values ($1, $2) on conflict do nothing',
      [id, sealed],
      timeoutMs,
    ),
  )
}

/** How many things still hang on each salt key, by its id. */
export async function countSaltUses(pool: Pool): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ id: string; n: number }>(
    timed(
      `select id, sum(n)::integer as n from (
         select salt_id as id, count(*) as n from colonnade.keys where salt_id is not null group by 1
         union all select split_part(sealed, ':', 2), count(*) from colonnade.credentials group by 1
         union all select split_part(sealed, ':', 2), count(*) from colonnade.models group by 1
       ) as uses group by id`,
      [],
      timeoutMs,
    ),
  )
  return new Map(rows.map(({ id, n }) => [id, n]))
}
