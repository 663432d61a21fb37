import type { Pool } from 'pg'
import { causeOf, type Cause } from './connection-cause.ts'
import { placeOf, readDatabaseUrl } from './database-url.ts'
import type { Log } from './log.ts'
import { migrate } from './migrate.ts'
import { check, openPool } from './open-pool.ts'

export type ConnectionState = 'connected' | 'Not connected' | 'not configured'

export interface ConnectionOptions {
  /** Asked before each attempt: a rotated password needs no restart. */
  readonly databaseUrl: () => string | undefined
  readonly module: string
  readonly log: Log
  readonly now: () => number
  /** Told after each change of state or cause. */
  readonly onChange: () => void
}

const firstDelayMs = 250
const longestDelayMs = 15_000
const watchEveryMs = 1000
/** A connection that has been silent this long is asked whether it lives. */
const silentMs = 4000

/** Keeps a migrated database at hand: connects in the background, without end, and watches over it. */
export class Connection {
  state: ConnectionState = 'not configured'
  since: number
  cause: Cause | undefined
  nextAttemptAt: number | undefined
  attempts = 0
  readonly #options: ConnectionOptions
  #pool: Pool | undefined
  #url: string | undefined
  #place = 'DATABASE_URL'
  #delayMs = firstDelayMs
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined
  #isHurried = false
  #isClosed = false
  #wasConfigured = false
  #lastAnswerAt = -Infinity

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.since = options.now()
  }

  /** Begins at once, in the background. */
  start(): void {
    if (this.wasConfigured) this.state = 'Not connected'
    this.#schedule(0)
  }

  /** Whether a database is configured now, or was at any time in the life of this process. */
  get wasConfigured(): boolean {
    this.#wasConfigured ||= this.#readUrl() !== undefined
    return this.#wasConfigured
  }

  /** The pool while connected. */
  get pool(): Pool | undefined {
    return this.state === 'connected' ? this.#pool : undefined
  }

  /** Connections open and those at work, for telemetry. */
  get poolUse(): { readonly open: number; readonly busy: number } {
    const pool = this.#pool
    return pool
      ? { open: pool.totalCount, busy: pool.totalCount - pool.idleCount }
      : { open: 0, busy: 0 }
  }

  /** Tells that the server has just answered. */
  answered(): void {
    // Not the clock on the wall: that one jumps.
    this.#lastAnswerAt = performance.now()
  }

  /** Tells that a statement failed: the connection is looked at now. */
  suspect(): void {
    if (!this.#pool) return
    this.#lastAnswerAt = -Infinity
    this.#schedule(0)
  }

  /** Ends the pool, waiting at most so long for statements that run. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const pool = this.#pool
    this.#pool = undefined
    await Promise.race([
      pool?.end(),
      new Promise((resolve) => setTimeout(resolve, withinMs).unref()),
    ])
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return
    if (this.#turn) {
      this.#isHurried ||= delayMs === 0
      return
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#takeTurn(), delayMs)
    this.#timer.unref()
  }

  #takeTurn(): void {
    const turn = this.#lookAfter().catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'looking after the database failed')
      return longestDelayMs
    })
    this.#turn = turn.then((delayMs) => {
      this.#turn = undefined
      const isHurried = this.#isHurried
      this.#isHurried = false
      this.#schedule(isHurried ? 0 : delayMs)
    })
  }

  /** One turn of the loop; gives the time until the next. */
  async #lookAfter(): Promise<number> {
    const url = this.#readUrl()
    if (url === undefined) {
      this.#leave()
      this.#change('not configured', undefined)
      return firstDelayMs
    }
    this.#wasConfigured = true
    const isAlive = this.#pool !== undefined && (await this.#isAlive(this.#pool))
    if (isAlive && url === this.#url) return watchEveryMs
    return this.#attempt(url)
  }

  #readUrl(): string | undefined {
    try {
      return this.#options.databaseUrl()?.trim() || undefined
    } catch {
      return this.#url
    }
  }

  async #isAlive(pool: Pool): Promise<boolean> {
    if (performance.now() - this.#lastAnswerAt < silentMs) return true
    try {
      await check(pool)
      this.answered()
      return true
    } catch (error) {
      this.#leave()
      this.#change('Not connected', causeOf(error))
      return false
    }
  }

  async #attempt(url: string): Promise<number> {
    const { log, module } = this.#options
    this.attempts += 1
    try {
      const address = readDatabaseUrl(url)
      this.#place = placeOf(address)
      const pool = await openPool(address, `colonnade ${module}`)
      await migrate(pool, log).catch((error: unknown) => {
        void pool.end()
        throw error
      })
      this.#adopt(pool, url)
      return watchEveryMs
    } catch (error) {
      return this.#fail(error)
    }
  }

  #adopt(pool: Pool, url: string): void {
    if (this.#isClosed) return void pool.end()
    this.#leave()
    this.#pool = pool
    this.#url = url
    this.#delayMs = firstDelayMs
    this.nextAttemptAt = undefined
    pool.on('error', () => this.suspect())
    this.answered()
    this.#change('connected', undefined)
  }

  #fail(error: unknown): number {
    const delayMs = this.#delayMs * (0.5 + Math.random() / 2)
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs)
    this.nextAttemptAt = this.#options.now() + delayMs
    const cause = causeOf(error)
    // With a new URL that does not work, what is open goes on being used.
    if (this.#pool) this.#report(cause)
    else this.#change('Not connected', cause)
    return delayMs
  }

  #leave(): void {
    const pool = this.#pool
    this.#pool = undefined
    void pool?.end()
  }

  #change(state: ConnectionState, cause: Cause | undefined): void {
    const isNewState = state !== this.state
    if (!isNewState && cause?.cause === this.cause?.cause) return
    this.state = state
    if (isNewState) this.since = this.#options.now()
    const { log } = this.#options
    if (cause) this.#report(cause)
    else if (state === 'connected') log.info({ database: this.#place }, 'database connected')
    else log.info({}, 'no database is configured')
    this.cause = cause
    this.#options.onChange()
  }

  /** One line for each change of cause, not one for each attempt. */
  #report(cause: Cause): void {
    if (cause.cause === this.cause?.cause) return
    const fields = { database: this.#place, hint: cause.hint }
    this.#options.log.warn(fields, `database not connected: ${cause.cause}`)
    this.cause = cause
  }
}
