import type { HeldWindow } from '../limits/counter.ts'

/** Uses of windows that are over so long are of no interest to the ledger any more, whatever the clocks say. */
const overMs = 3 * 3_600_000

/** A window of a counter in the journal of a process: what the process has used of it in all. */
export class JournalWindow {
  readonly number: number
  readonly #window: HeldWindow
  readonly #used = new Map<number, number>()
  /** The segment of the journal that says what it is. */
  segment = 0

  constructor(number: number, window: HeldWindow) {
    this.number = number
    this.#window = window
  }

  add(bucketAtMs: number, amount: number): void {
    this.#used.set(bucketAtMs, (this.#used.get(bucketAtMs) ?? 0) + amount)
  }

  /** Lets go of what counts no more; false: nothing of it is worth remembering. */
  tidy(wallMs: number): boolean {
    const { endsAtMs, stepMs, keptMs = 0 } = this.#window.shape
    if (endsAtMs !== undefined && endsAtMs + overMs < wallMs) return false
    if (stepMs !== undefined)
      for (const at of this.#used.keys())
        if (at + stepMs + keptMs + overMs < wallMs) this.#used.delete(at)
    return this.#used.size > 0
  }

  /** What it is, as a line of the journal. */
  get line(): string {
    const { key, startMs, amount, shape } = this.#window
    const { endsAtMs, stepMs, keptMs } = shape
    const all = [key, startMs, endsAtMs ?? null, stepMs ?? null, keptMs ?? null, amount]
    return `["C",${this.number},${JSON.stringify(all).slice(1)}\n`
  }

  /** What was used of it, as lines of the journal. */
  get totals(): string {
    let text = ''
    for (const [at, used] of this.#used) text += `["U",${this.number},${at},${used}]\n`
    return text
  }
}

/** The windows that a process's journal knows. */
export class JournalWindows {
  readonly #byObject = new WeakMap<HeldWindow, JournalWindow>()
  readonly #byName = new Map<string, JournalWindow>()
  #last = 0

  of(window: HeldWindow): JournalWindow {
    const known = this.#byObject.get(window)
    // One that was let go of begins anew.
    if (known && known.segment >= 0) return known
    const name = `${window.key} @${window.startMs}`
    let one = this.#byName.get(name)
    if (!one) {
      one = new JournalWindow((this.#last += 1), window)
      this.#byName.set(name, one)
    }
    this.#byObject.set(window, one)
    return one
  }

  /** Lets go of those that are over or unused, but for these; gives the rest. */
  tidy(kept: ReadonlySet<JournalWindow>, wallMs: number): Iterable<JournalWindow> {
    for (const [name, window] of this.#byName) {
      if (window.tidy(wallMs) || kept.has(window)) continue
      this.#byName.delete(name)
      window.segment = -1
    }
    return this.#byName.values()
  }
}
