import type { Pool } from 'pg'
import { timed } from './transaction.ts'

/** Whose responses: one caller of one module sees its own, and no other's. */
export interface ResponseOwner {
  readonly module: string
  readonly caller: string
}

/** A response to be kept. */
export interface NewResponse extends ResponseOwner {
  readonly id: string
  /** The one it goes on from. */
  readonly previousId: string | undefined
  /** What was asked, without what came before. */
  readonly input: readonly unknown[]
  readonly response: Readonly<Record<string, unknown>>
}

/** A response that is kept. */
export interface KeptResponse {
  readonly id: string
  readonly previousId: string | undefined
  readonly input: unknown
  readonly response: unknown
}

const timeoutMs = 5000
const mostTurns = 1000
const mostBytes = 64 * 1024 * 1024

/** Stores a response for its time to live, by the server's clock. */
export async function addResponse(pool: Pool, row: NewResponse, ttlMs: number): Promise<void> {
  const input = JSON.stringify(row.input)
  const response = JSON.stringify(row.response)
  await pool.query(
    timed(
      `insert into colonnade.responses
         (id, previous_id, module, caller, bytes, input, response, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')
       on conflict do nothing`,
      [
        row.id,
        row.previousId,
        row.module,
        row.caller,
        input.length + response.length,
        input,
        response,
        ttlMs,
      ],
      timeoutMs,
    ),
  )
}

/** Responses by id that have not expired; fewer where some are not kept. */
export async function findResponses(
  pool: Pool,
  { module, caller }: ResponseOwner,
  ids: readonly string[],
): Promise<readonly KeptResponse[]> {
  const { rows } = await pool.query<Row>(
    timed(
      `select id, previous_id, input, response from colonnade.responses
       where id = any($1::text[]) and module = $2 and caller = $3 and expires_at > now()`,
      [ids, module, caller],
      timeoutMs,
    ),
  )
  return rows.map(keptOf)
}

/**
 * A response and all it goes on from, oldest first; empty where it is not kept. Those before it stay for as long as it
 * does, whatever their own time. Where the first still names a previous one, that is gone, or the rest is too long.
 */
export async function findConversation(
  pool: Pool,
  { module, caller }: ResponseOwner,
  id: string,
): Promise<readonly KeptResponse[]> {
  const { rows } = await pool.query<Row>(
    timed(
      `with recursive turns as (
         select id, previous_id, input, response, bytes::bigint as bytes, 1 as turn
         from colonnade.responses
         where id = $1 and module = $2 and caller = $3 and expires_at > now()
         union all
         select before.id, before.previous_id, before.input, before.response,
           after.bytes + before.bytes, after.turn + 1
         from turns after join colonnade.responses before on before.id = after.previous_id
         where before.module = $2 and before.caller = $3 and after.turn < $4 and after.bytes + before.bytes <= $5
       )
       select id, previous_id, input, response from turns order by turn desc`,
      [id, module, caller, mostTurns, mostBytes],
      timeoutMs,
    ),
  )
  return rows.map(keptOf)
}

/** Deletes a response at once; whether there was one. */
export async function removeResponse(
  pool: Pool,
  { module, caller }: ResponseOwner,
  id: string,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    timed(
      `delete from colonnade.responses
       where id = $1 and module = $2 and caller = $3 and expires_at > now()`,
      [id, module, caller],
      timeoutMs,
    ),
  )
  return rowCount !== null && rowCount > 0
}

/** Deletes expired responses that none goes on from, some hundred at once; how many. */
export async function removeExpiredResponses(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    timed(
      `delete from colonnade.responses where id in
         (select id from colonnade.responses one where expires_at <= now()
            and not exists (select from colonnade.responses later where later.previous_id = one.id)
          limit 500 for update skip locked)`,
      [],
      timeoutMs,
    ),
  )
  return rowCount ?? 0
}

interface Row {
  readonly id: string
  readonly previous_id: string | null
  readonly input: unknown
  readonly response: unknown
}

function keptOf({ id, previous_id: previous, input, response }: Row): KeptResponse {
  return { id, previousId: previous ?? undefined, input, response }
}
