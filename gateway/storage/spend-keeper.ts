import type { Connection } from './connection.ts'
import { codeOf } from './error-code.ts'
import type { Log } from './log.ts'
import { inTransaction, timed } from './transaction.ts'

export interface SpendKeeperOptions {
  readonly connection: Connection
  /** Asked each time, since the document may change; undefined: nobody knows yet. */
  readonly keeping: () => SpendKeeping | undefined
  readonly log: Log
}

/** How long a module keeps its exchanges. */
export interface SpendKeeping {
  readonly module: string
  /** Undefined: for good. */
  readonly keepMs: number | undefined
}

const firstMs = 2_000
const everyMs = 600_000
const timeoutMs = 20_000
/** As many at once; fewer were the last. */
const sweptAtOnce = 5_000

/** Keeps the table of exchanges in order: a part for each week, and nothing older than its module wants. */
export class SpendKeeper {
  readonly #options: SpendKeeperOptions
  #timer: NodeJS.Timeout

  constructor(options: SpendKeeperOptions) {
    this.#options = options
    this.#timer = this.#later(firstMs)
  }

  /** One turn: tables for the weeks to come, and old rows gone. Never throws. */
  async tend(): Promise<void> {
    try {
      await this.#ask('select colonnade.add_spend_weeks()', [])
      const keeping = this.#options.keeping()
      if (!keeping) return
      const values = [keeping.module, keeping.keepMs ?? null]
      for (let removed = sweptAtOnce; removed >= sweptAtOnce;) {
        removed = await this.#ask('select colonnade.remove_old_spend($1, $2) as n', values)
      }
    } catch (error) {
      this.#options.log.warn({ reason: codeOf(error) }, 'old usage could not be looked after')
    }
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** 0 while Postgres is away. */
  async #ask(sql: string, values: unknown[]): Promise<number> {
    const { pool } = this.#options.connection
    if (!pool) return 0
    return inTransaction(pool, timeoutMs, async (client) => {
      // Whoever writes rows does not wait behind us.
      await client.query('set local lock_timeout = 2000')
      const { rows } = await client.query<{ n: number }>(timed(sql, values, timeoutMs))
      return rows[0]?.n ?? 0
    })
  }

  // A database that is not there yet is looked for soon again.
  #later(ms: number): NodeJS.Timeout {
    this.#timer = setTimeout(() => {
      const isThere = this.#options.connection.pool !== undefined
      void this.tend().then(() => this.#later(isThere ? everyMs : firstMs))
    }, ms).unref()
    return this.#timer
  }
}
