import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './ask.ts'
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
/** Pauses before it is looked for again: another replica may still be writing it. */
const pausesMs = [50, 150, 400]

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
    return this.#patiently(ids.length, (pool) => findResponses(pool, owner, ids))
  }

  /** A response and what it goes on from, oldest first. */
  async findConversation(owner: ResponseOwner, id: string): Promise<readonly KeptResponse[]> {
    await this.#storing.get(id)
    return this.#patiently(1, (pool) => findConversation(pool, owner, id))
  }

  // A caller may ask for its last answer before that is stored: here, or at another replica.
  async #patiently(
    expected: number,
    find: (pool: Pool) => Promise<readonly KeptResponse[]>,
  ): Promise<readonly KeptResponse[]> {
    for (const pauseMs of pausesMs) {
      const found = await this.#ask(find)
      if (found.length >= expected) return found
      await sleep(pauseMs)
    }
    return this.#ask(find)
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

  #ask<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    return ask(this.#connection, away, work)
  }
}

const away =
  'Kept responses cannot be read: the database is away. Ask again, or send the whole conversation as input.'
