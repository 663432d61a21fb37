import { randomUUID } from 'node:crypto'
import type { Client, Pool } from 'pg'
import type { Connection } from './connection.ts'
import { codeOf } from './error-code.ts'
import type { Log } from './log.ts'
import { timed } from './transaction.ts'

export interface NoticesOptions {
  readonly connection: Pick<Connection, 'pool' | 'suspect'>
  readonly log: Log
}

type Handler = (payload: string) => void

interface Listener {
  readonly handler: Handler
  readonly onMissed: (() => void) | undefined
}

interface Notice {
  readonly id: number
  readonly channel: string
  readonly payload: string
}

/** Twice a second and a bit: who hears nothing for a second knows that it is cut off. */
const beatEveryMs = 400
const answerMs = 500
const aliveMs = 1000
const probeEveryMs = 10_000
const reconnectMs = 5000
const keptMs = 120_000
/** Notices become visible in another order than their numbers by as many at most. */
const disorder = 200

/**
 * Notices between all processes on one database, over one connection of its own that is opened with the first listener.
 * Where LISTEN does not come through, behind a transaction pooler for instance, the table is looked at instead.
 */
export class Notices {
  readonly #options: NoticesOptions
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #id = randomUUID()
  #timer: NodeJS.Timeout | undefined
  #client: Client | undefined
  /** The pool whose server the client speaks to. */
  #pool: Pool | undefined
  #isBeating = false
  #seen = new Set<number>()
  #last: number | undefined
  /** Older ones were told before anybody listened here. */
  #first = -Infinity
  #aliveAt = -Infinity
  #probedAt = -Infinity
  #probeHeardAt = -Infinity
  #failedAt = -Infinity
  #removedAt = -Infinity
  #isClosed = false
  #fault: string | undefined

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  /** Whether notices come through within a second, one way or the other. */
  get isAlive(): boolean {
    return performance.now() - this.#aliveAt < aliveMs
  }

  /** How notices come in: pushed by Postgres, by looking twice a second, or not at all. */
  get mode(): 'listening' | 'polling' | 'away' {
    if (!this.isAlive) return 'away'
    return this.#isListening ? 'listening' : 'polling'
  }

  /**
   * Calls for each notice of a channel from now on, also for our own; once each, as a rule. `onMissed` is called when
   * notices may have been lost for good: at first contact, and after an outage longer than they are kept. Gives the
   * end of it.
   */
  listen(channel: string, handler: Handler, onMissed?: () => void): () => void {
    const listener = { handler, onMissed }
    const listeners = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    this.#start()
    return () => void listeners.delete(listener)
  }

  /** Tells every process that listens. Rejects while Postgres is away. */
  async notify(channel: string, payload: string): Promise<void> {
    const { pool } = this.#options.connection
    if (!pool) throw new Error('no notice can be given: Postgres is away')
    await pool.query(timed('select colonnade.give_notice($1, $2)', [channel, payload], 2000))
  }

  /** Ends within a second. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#leave()
  }

  get #isListening(): boolean {
    return this.#client !== undefined && this.#probeHeardAt >= this.#probedAt
  }

  #start(): void {
    if (this.#timer || this.#isClosed) return
    this.#timer = setInterval(() => this.#beat(), beatEveryMs).unref()
    this.#beat()
  }

  #beat(): void {
    if (this.#isBeating) return
    this.#isBeating = true
    void this.#tend()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isBeating = false
      })
  }

  async #tend(): Promise<void> {
    const { pool } = this.#options.connection
    if (pool !== this.#pool) await this.#leave()
    if (!pool || this.#isClosed) return
    this.#pool = pool
    if (!this.#client && performance.now() - this.#failedAt > reconnectMs) await this.#connect(pool)
    else await this.#client?.query(timed('select 1', [], answerMs))
    // A notice that was sent before LISTEN took hold, or while it did not.
    if (!this.#isListening || !this.isAlive) await this.#lookUp(pool)
    if (performance.now() - this.#probedAt > probeEveryMs) await this.#probe(pool)
    this.#aliveAt = performance.now()
    this.#fault = undefined
    await this.#removeOld(pool)
  }

  async #connect(pool: Pool): Promise<void> {
    const pg = await import('pg')
    const client = new pg.Client(pool.options)
    const leave = () => {
      if (this.#client === client) void this.#leave()
    }
    client.on('error', leave)
    client.on('end', leave)
    client.on('notification', ({ payload }) => this.#hear(payload))
    try {
      await client.connect()
      await client.query('listen colonnade')
      if (this.#isClosed) return void client.end()
      this.#client = client
      this.#probedAt = -Infinity
    } catch (error) {
      void client.end().catch(() => undefined)
      // The pool may still do: until then the table is looked at.
      this.#failedAt = performance.now()
      this.#report(error)
    }
  }

  async #leave(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    this.#pool = undefined
    // A line that is dead does not even end.
    const patience = new Promise((resolve) => setTimeout(resolve, answerMs).unref())
    await Promise.race([client?.end().catch(() => undefined), patience])
  }

  // Through another connection: what comes back has really been pushed.
  async #probe(pool: Pool): Promise<void> {
    if (!this.#client) return
    this.#probedAt = performance.now()
    await pool.query(timed(`select pg_notify('colonnade', $1)`, [this.#id], answerMs))
  }

  #hear(message: string | undefined): void {
    if (message === this.#id) this.#probeHeardAt = performance.now()
    if (!message?.startsWith('[')) return
    const told: unknown = JSON.parse(message)
    if (!Array.isArray(told)) return
    const [id, channel, payload]: unknown[] = told
    if (typeof id !== 'number') return
    if (typeof channel === 'string' && typeof payload === 'string') {
      this.#deliver({ id, channel, payload })
    } else if (this.#pool) {
      this.#lookUp(this.#pool).catch((error: unknown) => this.#fail(error))
    }
  }

  async #lookUp(pool: Pool): Promise<void> {
    if (this.#last === undefined) {
      const { rows } = await pool.query<{ last: string }>(
        timed('select coalesce(max(id), 0) as last from colonnade.notices', [], answerMs),
      )
      this.#last ??= Number(rows[0]?.last)
      this.#first = this.#last
      // What somebody has read by now may have changed since, and no notice of it is looked up.
      return this.#tellMissed()
    }
    const hasMissed = performance.now() - this.#aliveAt > keptMs / 2
    const { rows } = await pool.query<{ id: string; channel: string; payload: string }>(
      timed(
        'select id, channel, payload from colonnade.notices where id > $1 order by id',
        [Math.max(this.#first, this.#last - disorder)],
        answerMs,
      ),
    )
    for (const { id, channel, payload } of rows) this.#deliver({ id: Number(id), channel, payload })
    if (hasMissed) this.#tellMissed()
  }

  #tellMissed(): void {
    for (const listeners of this.#listeners.values()) {
      for (const { onMissed } of listeners) onMissed?.()
    }
  }

  #deliver({ id, channel, payload }: Notice): void {
    const last = (this.#last ??= id - 1)
    if (this.#seen.has(id) || id <= last - disorder) return
    this.#seen.add(id)
    this.#last = Math.max(last, id)
    if (this.#seen.size > 4 * disorder) {
      this.#seen = new Set([...this.#seen].filter((one) => one > id - 2 * disorder))
    }
    for (const { handler } of this.#listeners.get(channel) ?? []) handler(payload)
  }

  async #removeOld(pool: Pool): Promise<void> {
    if (performance.now() - this.#removedAt < keptMs / 4) return
    this.#removedAt = performance.now()
    await pool.query(
      timed(
        `delete from colonnade.notices where at < clock_timestamp() - $1 * interval '1 millisecond'`,
        [keptMs],
        answerMs,
      ),
    )
  }

  #fail(error: unknown): void {
    this.#failedAt = performance.now()
    void this.#leave()
    this.#options.connection.suspect()
    this.#report(error)
  }

  #report(error: unknown): void {
    const reason = codeOf(error) ?? (error instanceof Error ? error.message : 'unknown')
    if (reason === this.#fault) return
    this.#fault = reason
    this.#options.log.warn({ reason }, 'no connection for notices from other processes')
  }
}
