import type { Pool } from 'pg'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Connection } from './connection.ts'
import { codeOf } from './error-code.ts'

/**
 * What work finds in Postgres. Throws `storage_unavailable` with these words where it is away or does not answer in
 * time; what it answers goes through, a refusal of the work's own and a fault in a statement too.
 */
export async function ask<T>(
  connection: Pick<Connection, 'pool' | 'suspect'>,
  words: string,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const { pool } = connection
  if (!pool) throw away(words)
  try {
    return await work(pool)
  } catch (cause) {
    if (cause instanceof GatewayError || isAnswer(cause)) throw cause
    if (codeOf(cause) === endedByServer) throw tooMuch(cause)
    connection.suspect()
    throw away(words, cause)
  }
}

// The server lives and has read the statement: data out of range, a constraint, words it does not understand.
function isAnswer(error: unknown): boolean {
  return /^(2[123]|42)[0-9A-Z]{3}$/.test(codeOf(error) ?? '')
}

/** SQLSTATE of a statement that ran for as long as it may. */
const endedByServer = '57014'

function tooMuch(cause: unknown): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    'The database did not get through this question in time: ask for less at once, fewer days for instance.',
    { cause, retryAfterSeconds: 2 },
  )
}

function away(words: string, cause?: unknown): GatewayError {
  return new GatewayError('storage_unavailable', words, { cause, retryAfterSeconds: 2 })
}
