import type { UsageRow } from '../accounting/usage.ts'
import type { Connection } from './connection.ts'
import { codeOf } from './error-code.ts'
import type { Log } from './log.ts'
import { addSpendLogs, toLine } from './spend-logs.ts'
import { SpoolFullError, type Spool } from './spool.ts'

export interface UsageWriterOptions {
  readonly connection: Connection
  readonly spool: Spool
  readonly log: Log
  /** Rows kept in memory at most; beyond it they are dropped, and counted. */
  readonly maxRowsInMemory: number
  /** Called before rows leave the process. */
  readonly beforeWrite: () => void
}

/** A row, or the line that `toLine` made of it. */
type Pending = UsageRow | string

/** What becomes of rows that cannot go to Postgres at once. */
export type SpoolState = 'ok' | 'full' | 'unwritable'

const batchRows = 500
const flushEveryMs = 1000
/** How many rows go to disk in one write. */
const spoolRows = 5000
const tendEveryMs = 15_000

/** Brings usage rows to Postgres in batches; to the spool while it is away, and from there exactly once. */
export class UsageWriter {
  spoolState: SpoolState = 'ok'
  dropped = 0
  /** Rows taken so far; and how many of them, the first ones, have left for good. */
  recorded = 0
  safe = 0
  replayed = 0
  flushFailures = 0

  readonly #options: UsageWriterOptions
  readonly #timer: NodeJS.Timeout
  #pending: Pending[] = []
  #inFlight: readonly Pending[] = []
  #cycle: Promise<void> | undefined
  #isClosing = false
  #isClosed = false
  #tendedAt = -Infinity
  #insertFault: string | undefined
  #isDropping = false

  constructor(options: UsageWriterOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.flush(), flushEveryMs).unref()
    this.flush()
  }

  /** Rows not yet in Postgres: in memory and on disk. */
  get pendingWrites(): number {
    return this.rowsInMemory + this.#options.spool.rows
  }

  get rowsInMemory(): number {
    return this.#pending.length + this.#inFlight.length
  }

  /** Neither Postgres nor the disk takes rows, and half of the memory for them is used. */
  get isStuck(): boolean {
    return this.spoolState !== 'ok' && 2 * this.rowsInMemory >= this.#options.maxRowsInMemory
  }

  /** Takes a row. Never waits, never throws. One that must be kept is kept, however many there are. */
  record(row: Pending, mustKeep = false): void {
    if (!this.#options.connection.wasConfigured) return
    const isFull = !mustKeep && this.#pending.length >= this.#options.maxRowsInMemory
    if (this.#isClosed || isFull) return this.#drop(1)
    this.recorded += 1
    if (this.#pending.push(row) % batchRows === 0) this.flush()
  }

  /** Begins to write, unless that is going on. */
  flush(): void {
    if (this.#isClosed) return
    this.#cycle ??= this.#run()
      .catch((error: unknown) => this.#giveUpInFlight(error))
      .finally(() => {
        this.#cycle = undefined
      })
  }

  /** Writes what is left to Postgres in the time given, and the rest to the spool. */
  async close(withinMs: number): Promise<void> {
    clearInterval(this.#timer)
    this.#isClosing = true
    await Promise.race([
      this.#lastFlush(),
      new Promise((resolve) => setTimeout(resolve, withinMs).unref()),
    ])
    this.#isClosed = true
    // A statement may still hang: its rows are spooled too, and stored once all the same.
    const rows = [...this.#inFlight, ...this.#pending]
    this.#inFlight = []
    this.#pending = []
    for (let start = 0; start < rows.length; start += spoolRows) {
      const some = rows.slice(start, start + spoolRows)
      if (await this.#spool(some)) this.safe += some.length
      else this.#drop(some.length)
    }
    await this.#options.spool.close().catch(() => undefined)
  }

  // The turn that runs may be past the rows that came last.
  async #lastFlush(): Promise<void> {
    await this.#cycle
    this.flush()
    await this.#cycle
  }

  // Every failure leaves the rows where they are for the next turn.
  async #run(): Promise<void> {
    const { connection } = this.#options
    await this.#tend()
    do {
      const isWritten = await this.#writePending()
      if (!isWritten) return this.#spoolPending()
      if (connection.pool) await this.#options.spool.settlements.tell(connection.pool)
    } while (connection.pool && !this.#isClosing && (await this.#replayOldest()))
  }

  async #writePending(): Promise<boolean> {
    while (this.#pending.length > 0 && !this.#isClosed) {
      this.#inFlight = this.#pending.splice(0, batchRows)
      const isWritten = await this.#insert(this.#inFlight.map(lineOf))
      if (this.#isClosed) return true
      if (isWritten) this.safe += this.#inFlight.length
      else this.#pending = [...this.#inFlight, ...this.#pending]
      this.#inFlight = []
      if (!isWritten) return false
    }
    return true
  }

  async #spoolPending(): Promise<void> {
    while (this.#pending.length > 0 && !this.#isClosed) {
      this.#inFlight = this.#pending.splice(0, spoolRows)
      const isSpooled = await this.#spool(this.#inFlight)
      if (this.#isClosed) return
      if (isSpooled) this.safe += this.#inFlight.length
      else this.#pending = [...this.#inFlight, ...this.#pending]
      this.#inFlight = []
      if (!isSpooled) return
    }
  }

  /** Whether a segment went through and another turn makes sense. */
  async #replayOldest(): Promise<boolean> {
    const { spool, log } = this.#options
    const segment = spool.takeOldest()
    if (!segment) return false
    try {
      const lines = await spool.read(segment)
      for (let start = 0; start < lines.length; start += batchRows) {
        if (!(await this.#insert(lines.slice(start, start + batchRows)))) return false
      }
      await spool.remove(segment)
      this.replayed += lines.length
      if (spool.isEmpty) log.info({ replayed: this.replayed }, 'spooled usage is stored')
      return true
    } catch (error) {
      this.#changeSpoolState('unwritable', error)
      return false
    }
  }

  async #insert(lines: readonly string[]): Promise<boolean> {
    const { connection } = this.#options
    const { pool } = connection
    if (!pool) return false
    this.#options.beforeWrite()
    try {
      await addSpendLogs(pool, lines)
      connection.answered()
      this.#insertFault = undefined
      this.#isDropping = false
      return true
    } catch (error) {
      if (isDataFault(error)) return this.#insertHalves(lines, error)
      this.flushFailures += 1
      this.#reportInsertFault(error)
      connection.suspect()
      return false
    }
  }

  // One row that Postgres does not take must not hold up the others.
  async #insertHalves(lines: readonly string[], error: unknown): Promise<boolean> {
    if (lines.length === 1) {
      this.#options.log.error(
        { row: lines[0], reason: codeOf(error) },
        'a usage row that Postgres does not take is dropped',
      )
      this.#drop(1)
      return true
    }
    const middle = Math.ceil(lines.length / 2)
    return (await this.#insert(lines.slice(0, middle))) && (await this.#insert(lines.slice(middle)))
  }

  async #spool(rows: readonly Pending[]): Promise<boolean> {
    this.#options.beforeWrite()
    try {
      await this.#options.spool.append(rows.map(lineOf))
      this.#changeSpoolState('ok')
      this.#isDropping = false
      return true
    } catch (error) {
      this.#changeSpoolState(error instanceof SpoolFullError ? 'full' : 'unwritable', error)
      return false
    }
  }

  // A row that cannot even be written as a line.
  #giveUpInFlight(error: unknown): void {
    this.#options.log.error({ err: error }, 'usage rows could not be written')
    this.#drop(this.#inFlight.length)
    this.safe += this.#inFlight.length
    this.#inFlight = []
  }

  async #tend(): Promise<void> {
    const { connection, spool, log } = this.#options
    if (!connection.wasConfigured || performance.now() - this.#tendedAt < tendEveryMs) return
    this.#tendedAt = performance.now()
    try {
      for (const { killed } of await spool.tend())
        log.warn({ requests: killed }, 'takes over what a gateway that ended held of limits')
      if (this.spoolState === 'unwritable') this.#changeSpoolState('ok')
    } catch (error) {
      this.#changeSpoolState('unwritable', error)
    }
  }

  #changeSpoolState(state: SpoolState, error?: unknown): void {
    if (state === this.spoolState) return
    this.spoolState = state
    const reason = codeOf(error) ?? (error instanceof Error ? error.message : undefined)
    if (state === 'ok') this.#options.log.info({}, 'the usage spool is writable')
    else
      this.#options.log.error(
        { reason },
        `the usage spool is ${state}: usage is kept in memory as long as it fits`,
      )
  }

  #reportInsertFault(error: unknown): void {
    const fault = codeOf(error) ?? (error instanceof Error ? error.message : 'unknown')
    if (fault === this.#insertFault) return
    this.#insertFault = fault
    this.#options.log.warn({ reason: fault }, 'usage could not be stored; it goes to the spool')
  }

  #drop(rows: number): void {
    this.dropped += rows
    if (this.#isDropping) return
    this.#isDropping = true
    this.#options.log.error(
      { dropped: this.dropped },
      'usage rows are being dropped; the metric counts them',
    )
  }
}

function lineOf(row: Pending): string {
  return typeof row === 'string' ? row : toLine(row)
}

// Classes 22 and 23: the server lives, and what it was sent does not fit.
function isDataFault(error: unknown): boolean {
  return /^2[23][0-9A-Z]{3}$/.test(codeOf(error) ?? '')
}
