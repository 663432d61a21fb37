import type { Pool, PoolClient, QueryConfig } from 'pg'
import { GatewayError } from '../errors/gateway-error.ts'
import { codeOf } from './error-code.ts'

/** Runs work in one transaction that neither the server nor we let last longer than `timeoutMs`. */
export async function inTransaction<T>(
  pool: Pool,
  timeoutMs: number,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  try {
    // Local to the transaction: a session setting would leak to others behind a pooler.
    await client.query(`begin; set local statement_timeout = ${Math.trunc(timeoutMs)}`)
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    await giveBack(client, error)
    throw error
  }
}

// After an answer of the server, or a refusal of the work's own, the connection is sound; else nobody knows.
async function giveBack(client: PoolClient, error: unknown): Promise<void> {
  const isAnswer =
    error instanceof GatewayError || /^(?!57P|08)[0-9A-Z]{5}$/.test(codeOf(error) ?? '')
  if (!isAnswer) return client.release(true)
  await client.query('rollback').then(
    () => client.release(),
    () => client.release(true),
  )
}

/** A statement that is waited for no longer than this. */
export function timed(text: string, values: unknown[], timeoutMs: number): QueryConfig {
  const statement = { text, values, query_timeout: timeoutMs }
  return statement
}
