import type { Connection } from './connection.ts'
import {
  addExplanations,
  explainByUsage,
  findExplanation,
  removeOldExplanations,
  type ExplanationRow,
} from './explanations.ts'

const flushEveryMs = 1000
const sweepEveryMs = 60_000
const batchRows = 200
/** What waits at most for Postgres; beyond it the oldest go. They are for an hour's curiosity, no accounts. */
const mostWaiting = 2_000

/** Explanations in Postgres, for the other replicas. While it is away they stay with the process that made them. */
export class ExplanationStore {
  readonly #connection: Connection
  readonly #flushing: NodeJS.Timeout
  readonly #sweeping: NodeJS.Timeout
  #waiting: (() => ExplanationRow)[] = []
  #cycle: Promise<void> | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    this.#flushing = setInterval(() => void this.#flush(), flushEveryMs).unref()
    this.#sweeping = setInterval(() => {
      void this.#try(removeOldExplanations)
    }, sweepEveryMs).unref()
  }

  /** Keeps one for the others; written down when its batch goes. Never waits, never throws. */
  add(write: () => ExplanationRow): void {
    if (!this.#connection.wasConfigured) return
    if (this.#waiting.length >= mostWaiting) this.#waiting.splice(0, batchRows)
    this.#waiting.push(write)
  }

  /** What is known of an exchange of this module; undefined: nothing, or Postgres is away. */
  async find(module: string, id: string): Promise<unknown> {
    await this.#flush()
    return this.#try(
      async (pool) =>
        (await findExplanation(pool, module, id)) ?? (await explainByUsage(pool, module, id)),
    )
  }

  async close(withinMs: number): Promise<void> {
    clearInterval(this.#flushing)
    clearInterval(this.#sweeping)
    await Promise.race([
      this.#flush(),
      new Promise((resolve) => setTimeout(resolve, withinMs).unref()),
    ])
  }

  #flush(): Promise<void> {
    this.#cycle ??= this.#run().finally(() => {
      this.#cycle = undefined
    })
    return this.#cycle
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && this.#connection.pool) {
      const rows = this.#waiting.splice(0, batchRows).map((write) => write())
      await this.#try((pool) => addExplanations(pool, rows))
    }
  }

  async #try<T>(
    work: (pool: NonNullable<Connection['pool']>) => Promise<T>,
  ): Promise<T | undefined> {
    const { pool } = this.#connection
    if (!pool) return undefined
    try {
      return await work(pool)
    } catch {
      this.#connection.suspect()
      return undefined
    }
  }
}
