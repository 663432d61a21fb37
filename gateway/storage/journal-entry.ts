import type { OpenAdmission } from '../accounting/admission-journal.ts'
import type { UsageRow } from '../accounting/usage.ts'
import type { CallerHold } from '../limits/caller-gate.ts'
import type { JournalWindow } from './journal-windows.ts'

/** What an entry is given by its journal. */
export interface EntryKeeper {
  windowsOf(holds: readonly CallerHold[]): readonly JournalWindow[]
  /** Writes that an entry is open, as it stands now; throws where that cannot be done. */
  writeOpen(entry: JournalEntry, row: UsageRow | undefined): void
  /** Takes note of its end. */
  writeEnd(entry: JournalEntry, line: string | undefined): void
}

/** One request in the journal, from its admission to its end. */
export class JournalEntry implements OpenAdmission {
  readonly number: number
  /** Where it stands among the open ones. */
  place = -1
  /** As it was written last. */
  text = ''
  windows: readonly JournalWindow[]
  shares: readonly number[]
  #buckets: readonly number[]
  readonly #keeper: EntryKeeper

  constructor(
    number: number,
    holds: readonly CallerHold[],
    shares: readonly number[],
    keeper: EntryKeeper,
  ) {
    this.number = number
    this.#keeper = keeper
    this.windows = keeper.windowsOf(holds)
    this.#buckets = holds.map(({ bucketAtMs }) => bucketAtMs)
    this.shares = shares
  }

  change(holds: readonly CallerHold[], shares: readonly number[], row: UsageRow | undefined): void {
    this.windows = this.#keeper.windowsOf(holds)
    this.#buckets = holds.map(({ bucketAtMs }) => bucketAtMs)
    this.shares = shares
    this.#keeper.writeOpen(this, row)
  }

  end(shares: readonly number[], line: string | undefined): void {
    this.shares = shares
    this.#keeper.writeEnd(this, line)
  }

  /** Adds what it was charged to the totals of its windows. */
  count(): void {
    for (let index = 0; index < this.windows.length; index += 1)
      this.windows[index]?.add(this.#buckets[index] ?? 0, this.shares[index] ?? 0)
  }

  /** Its charges as a line has them: number of the window, bucket, amount, and so on. */
  get charges(): string {
    let text = ''
    for (let index = 0; index < this.windows.length; index += 1) {
      if (index > 0) text += ','
      text += `${this.windows[index]?.number},${this.#buckets[index]},${this.shares[index]}`
    }
    return text
  }
}
