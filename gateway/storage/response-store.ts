import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Connection } from './connection.ts'
import {
  addResponse,
  findConversation,
  findResponses,
  removeExpiredResponses,
  removeResponse,
  type KeptResponse,
  type NewResponse,
  type ResponseOwner,
} from './responses.ts'

const sweepEveryMs = 60_000
const mostRounds = 1000
const secondLookMs = 150

type Pool = NonNullable<Connection['pool']>

/** Responses that are kept for their callers: in Postgres alone, where every replica finds them. */
export class ResponseStore {
  readonly #connection: Connection
  readonly #sweeping: NodeJS.Timeout
  readonly #storing = new Map<string, Promise<boolean>>()

  constructor(connection: Connection) {
    this.#connection = connection
    this.#sweeping = setInterval(() => void this.removeExpired(), sweepEveryMs).unref()
  }

  /** Whether a response would be kept just now. */
  get isOpen(): boolean {
    return this.#connection.pool !== undefined
  }

  /** Keeps a response; false where Postgres is away. Never throws. */
  async keep(row: NewResponse, ttlMs: number): Promise<boolean> {
    const storing = this.#ask((pool) => addResponse(pool, row, ttlMs)).then(
      () => true,
      () => false,
    )
    this.#storing.set(row.id, storing)
    try {
      return await storing
    } finally {
      this.#storing.delete(row.id)
    }
  }

  /** Throws `storage_unavailable`, as do all that find or remove. */
  find(owner: ResponseOwner, ids: readonly string[]): Promise<readonly KeptResponse[]> {
    return this.#ask((pool) => findResponses(pool, owner, ids))
  }

  /** A response and what it goes on from, oldest first. */
  async findConversation(owner: ResponseOwner, id: string): Promise<readonly KeptResponse[]> {
    // A caller may go on before its last answer is stored: here, or at another replica.
    await this.#storing.get(id)
    const find = () => this.#ask((pool) => findConversation(pool, owner, id))
    const found = await find()
    if (found.length > 0) return found
    await sleep(secondLookMs)
    return find()
  }

  remove(owner: ResponseOwner, id: string): Promise<boolean> {
    return this.#ask((pool) => removeResponse(pool, owner, id))
  }

  /** Each round takes the newest turns of conversations that are over. */
  async removeExpired(): Promise<void> {
    try {
      for (let round = 0; round < mostRounds && this.#connection.pool; round += 1) {
        if ((await this.#ask(removeExpiredResponses)) === 0) return
      }
    } catch {
      // The next sweep takes them.
    }
  }

  close(): void {
    clearInterval(this.#sweeping)
  }

  async #ask<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const { pool } = this.#connection
    if (!pool) throw away()
    try {
      return await work(pool)
    } catch (cause) {
      this.#connection.suspect()
      throw away(cause)
    }
  }
}

function away(cause?: unknown): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    'Kept responses cannot be read: the database is away. Ask again, or send the whole conversation as input.',
    { cause },
  )
}
