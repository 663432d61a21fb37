import { existsSync, rmSync } from 'node:fs'
import type { AdmissionJournal, OpenAdmission } from '../accounting/admission-journal.ts'
import type { UsageRow } from '../accounting/usage.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { CallerHold } from '../limits/caller-gate.ts'
import { codeOf } from './error-code.ts'
import { JournalEntry, type EntryKeeper } from './journal-entry.ts'
import { JournalSegment } from './journal-segment.ts'
import { JournalWindows, type JournalWindow } from './journal-windows.ts'
import type { Log } from './log.ts'
import { toLine } from './spend-logs.ts'
import {
  beat,
  createSpoolFolder,
  markSpoolFolder,
  releaseSpoolFolder,
  removeSpoolFolder,
} from './spool-folder.ts'

/** Rows on their way to where they are kept. */
interface RowsOnTheirWay {
  /** How many were taken so far; and how many of them, the first ones, are kept for good. */
  readonly recorded: number
  readonly safe: number
  /** Neither Postgres nor the disk takes any more. */
  readonly isStuck: boolean
}

export interface JournalOptions {
  readonly spoolDir: string
  /** In whose name this process tells the ledger. */
  readonly owner: string
  /** Whether there is a ledger to settle with. */
  readonly isWanted: () => boolean
  readonly rows: () => RowsOnTheirWay
  readonly log: Log
  readonly segmentBytes?: number
  readonly mostBytes?: number
}

interface Closed {
  readonly segment: JournalSegment
  /** Its rows are among the first so many. */
  readonly upTo: number
}

const tendEveryMs = 1000
const beatEveryMs = 5000

/**
 * What the callers' requests of this process hold of limits and what they came to, line by line in a folder of its own.
 * What is written survives the end of the process, however sudden: a successor reads it and settles.
 */
export class Journal implements AdmissionJournal, EntryKeeper {
  readonly #options: JournalOptions
  readonly #segmentBytes: number
  readonly #mostBytes: number
  readonly #windows = new JournalWindows()
  /** With gaps: a Map of requests that live shortly would keep them all alive. */
  readonly #open: (JournalEntry | undefined)[] = []
  readonly #free: number[] = []
  #state: 'not begun' | 'on' | 'off' = 'not begun'
  #folder = ''
  #segment: JournalSegment | undefined
  #segmentNumber = 0
  #snapshotBytes = 0
  #closed: Closed[] = []
  #lastEntry = 0
  /** Ends that are not written yet. */
  #pending = ''
  #isFlushDue = false
  #fault: string | undefined
  #timer: NodeJS.Timeout | undefined
  #beatAt = 0

  constructor(options: JournalOptions) {
    this.#options = options
    this.#segmentBytes = options.segmentBytes ?? 1024 * 1024
    this.#mostBytes = options.mostBytes ?? 64 * 1024 * 1024
  }

  open(
    holds: readonly CallerHold[],
    shares: readonly number[],
    row: UsageRow | undefined,
  ): OpenAdmission | undefined {
    if (!this.#options.isWanted()) return undefined
    if (this.#options.rows().isStuck) throw unavailable('no row of usage can be kept')
    if (this.#state === 'not begun') this.#begin()
    if (this.#state === 'off') return undefined
    const entry = new JournalEntry((this.#lastEntry += 1), holds, shares, this)
    this.writeOpen(entry, row)
    return entry
  }

  /**
   * Begins it, where that is not done: before a first slice is leased, since a process that is killed without a journal
   * leaves nobody who could give that back.
   */
  prepare(): void {
    if (this.#state === 'not begun' && this.#options.isWanted()) this.#begin()
  }

  windowsOf(holds: readonly CallerHold[]): readonly JournalWindow[] {
    return holds.map(({ window }) => this.#windows.of(window))
  }

  writeOpen(entry: JournalEntry, row: UsageRow | undefined): void {
    if (this.bytes > this.#mostBytes) throw unavailable('the journal of requests is full')
    if ((this.#segment?.bytes ?? 0) > Math.max(this.#segmentBytes, 2 * this.#snapshotBytes))
      this.#rotate()
    let text = ''
    for (const window of entry.windows)
      if (window.segment !== this.#segmentNumber) text += window.line
    const line = `["A",${entry.number},[${entry.charges}],${row ? toLine(row) : 'null'}]\n`
    if (!this.#write(text + line)) throw unavailable(`the disk says ${this.#fault}`)
    for (const window of entry.windows) window.segment = this.#segmentNumber
    entry.text = line
    if (entry.place >= 0) return
    entry.place = this.#free.pop() ?? this.#open.length
    this.#open[entry.place] = entry
  }

  writeEnd(entry: JournalEntry, line: string | undefined): void {
    this.#open[entry.place] = undefined
    this.#free.push(entry.place)
    entry.count()
    this.#pending += `["E",${entry.number},[${entry.charges}],${line ?? 'null'}]\n`
    if (this.#isFlushDue) return
    // The next admission takes it along; in quiet times it is written as soon as the process has nothing else to do.
    this.#isFlushDue = true
    setImmediate(this.#flushSoon)
  }

  /** Writes what has ended: before the ledger or the request log hear of it. */
  flush(): void {
    if (this.#pending !== '') this.#write('')
  }

  /** On disk. */
  get bytes(): number {
    let bytes = this.#segment?.bytes ?? 0
    for (const { segment } of this.#closed) bytes += segment.bytes
    return bytes
  }

  /** Lets go of segments whose rows are kept elsewhere. Done by itself, as is `beat`. */
  async tend(): Promise<void> {
    if (this.#state !== 'on') return
    this.flush()
    const { safe } = this.#options.rows()
    while (this.#closed[0] && this.#closed[0].upTo <= safe) this.#closed.shift()?.segment.remove()
    if (performance.now() - this.#beatAt >= beatEveryMs) await this.beat()
  }

  /** Shows that its owner lives; where its folder is gone it begins anew in another. */
  async beat(): Promise<void> {
    this.#beatAt = performance.now()
    await beat(this.#folder).catch(() => this.#mendFolder())
  }

  /** Leaves nothing where all is told and kept, else everything to the successor. */
  async close(isTold: boolean): Promise<void> {
    clearInterval(this.#timer)
    if (this.#state !== 'on') return
    this.flush()
    this.#state = 'off'
    this.#segment?.close()
    const { recorded, safe } = this.#options.rows()
    const isDone = isTold && safe >= recorded && this.#open.every((one) => one === undefined)
    const leave = isDone ? removeSpoolFolder : releaseSpoolFolder
    await leave(this.#folder).catch(() => undefined)
  }

  readonly #flushSoon = (): void => {
    this.#isFlushDue = false
    this.flush()
  }

  #begin(): void {
    try {
      this.#folder = createSpoolFolder(this.#options.spoolDir)
      this.#segment = this.#createSegment()
      this.#state = 'on'
    } catch (error) {
      // Limits hold all the same; only a crash costs more than it must.
      this.#state = 'off'
      this.#options.log.error(
        { reason: codeOf(error), folder: this.#options.spoolDir },
        'no journal can be written: what this process holds of limits would stay counted if it were killed. ' +
          'Make SPOOL_DIR a folder that it may write to, and start it anew',
      )
      return
    }
    this.#beatAt = performance.now()
    this.#timer = setInterval(() => void this.tend(), tendEveryMs).unref()
  }

  #createSegment(): JournalSegment {
    const number = this.#segmentNumber + 1
    const segment = new JournalSegment(this.#folder, number)
    const open = this.#open.filter((entry) => entry !== undefined)
    const kept = new Set(open.flatMap(({ windows }) => windows))
    const windows = [...this.#windows.tidy(kept, Date.now())]
    const text = [
      `${JSON.stringify(['J', 1, this.#options.owner])}\n`,
      ...windows.map((window) => window.line + window.totals),
      ...open.map((entry) => entry.text),
      '["S"]\n',
    ].join('')
    try {
      segment.write(text)
    } catch (error) {
      segment.close()
      segment.remove()
      throw error
    }
    for (const window of windows) window.segment = number
    this.#segmentNumber = number
    this.#snapshotBytes = segment.bytes
    return segment
  }

  #rotate(): void {
    const before = this.#segment
    this.flush()
    // Ends that stood after their own total would count twice.
    if (this.#pending !== '' || !before) return
    try {
      this.#segment = this.#createSegment()
      before.close()
      this.#closed.push({ segment: before, upTo: this.#options.rows().recorded })
    } catch (error) {
      this.#fail(error)
    }
  }

  // Taken away by somebody tidying, or by another host that thought us dead: begin anew, in a folder of its own.
  #mendFolder(): void {
    let folder: string | undefined
    try {
      if (existsSync(this.#folder)) return markSpoolFolder(this.#folder)
      this.#segment?.close()
      this.#segment = undefined
      this.#closed = []
      // It is in the totals.
      this.#pending = ''
      folder = createSpoolFolder(this.#options.spoolDir)
      this.#folder = folder
      this.#segment = this.#createSegment()
    } catch (error) {
      this.#fail(error)
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }
  }

  #write(text: string): boolean {
    try {
      if (!this.#segment) throw new Error('its folder is gone')
      this.#segment.write(this.#pending + text)
      this.#pending = ''
      if (this.#fault !== undefined) this.#options.log.info({}, 'the journal is writable')
      this.#fault = undefined
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #fail(error: unknown): void {
    const fault = codeOf(error) ?? 'that it cannot be written'
    if (fault === this.#fault) return
    this.#fault = fault
    this.#options.log.error(
      { reason: fault },
      'the journal cannot be written: requests of callers with limits are refused',
    )
  }
}

function unavailable(why: string): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    `What this request would spend cannot be written down: ${why}. Ask again later.`,
    { retryAfterSeconds: 5 },
  )
}
