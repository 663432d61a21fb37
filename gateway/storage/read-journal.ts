/** What a dead process owes one window: what it used of it in all, by bucket. */
interface OwedWindow {
  readonly key: string
  readonly starts_at: number
  readonly ends_at: number | null
  readonly step_ms: number | null
  readonly kept_ms: number | null
  readonly amount: number
  readonly used: readonly (readonly [bucketAtMs: number, used: number])[]
}

/** What the journal of a dead process comes to. */
export interface Remains {
  /** In whose name it told the ledger. */
  readonly owner: string
  readonly windows: readonly OwedWindow[]
  /** Rows that may not be stored yet, as lines; among them one for each request that was under way. */
  readonly rows: readonly string[]
  /** Requests that were under way. */
  readonly killed: number
  /** Lines that are no lines, but for a torn last one of a segment. */
  readonly unreadable: number
}

type Charges = readonly number[]

interface Known {
  readonly window: Omit<OwedWindow, 'used'>
  readonly used: Map<number, number>
}

/** Reads the segments of one journal, oldest first; undefined where none of them is whole enough to begin. */
export function readJournal(segments: readonly string[]): Remains | undefined {
  const reader = new JournalReader()
  for (const text of segments) reader.read(text)
  return reader.remains
}

class JournalReader {
  #owner: string | undefined
  #windows = new Map<number, Known>()
  #open = new Map<number, { readonly charges: Charges; readonly row: object | undefined }>()
  readonly #rows: string[] = []
  #unreadable = 0

  read(text: string): void {
    const lines = text.split('\n')
    // What follows the last end of a line was torn by the kill.
    lines.pop()
    const all = lines.map(parse)
    const [first] = all
    // Without the end of its first part a segment tells nothing that the one before does not.
    const isBegun = first?.[0] === 'J' && typeof first[2] === 'string' && all.some(isBegin)
    if (!isBegun) return
    if (typeof first[2] === 'string') this.#owner = first[2]
    this.#windows = new Map()
    this.#open = new Map()
    for (const line of all.slice(1)) if (!line || !this.#take(line)) this.#unreadable += 1
  }

  get remains(): Remains | undefined {
    if (this.#owner === undefined) return undefined
    const rows = [...this.#rows]
    for (const { charges, row } of this.#open.values()) {
      this.#count(charges)
      if (row) rows.push(JSON.stringify(row))
    }
    const windows = [...this.#windows.values()].map(({ window, used }) => ({
      ...window,
      used: [...used],
    }))
    const { size: killed } = this.#open
    return { owner: this.#owner, windows, rows, killed, unreadable: this.#unreadable }
  }

  #take(line: readonly unknown[]): boolean {
    const [kind, number, third, fourth] = line
    if (kind === 'S') return true
    if (!isNumber(number)) return false
    if (kind === 'C') return this.#addWindow(number, line)
    if (kind === 'U') return isNumber(third) && isNumber(fourth) && this.#add(number, third, fourth)
    if (!areNumbers(third)) return false
    const row = typeof fourth === 'object' && fourth !== null ? fourth : undefined
    if (kind === 'A') {
      this.#open.set(number, { charges: third, row })
      return true
    }
    if (kind !== 'E') return false
    this.#open.delete(number)
    if (row) this.#rows.push(JSON.stringify(row))
    return this.#count(third)
  }

  #addWindow(number: number, line: readonly unknown[]): boolean {
    const [, , key, starts_at, ends_at, step_ms, kept_ms, amount] = line
    if (typeof key !== 'string' || !isNumber(starts_at) || !isNumber(amount)) return false
    if (!isNumberOrNull(ends_at) || !isNumberOrNull(step_ms) || !isNumberOrNull(kept_ms))
      return false
    const window = { key, starts_at, ends_at, step_ms, kept_ms, amount }
    this.#windows.set(number, { window, used: new Map() })
    return true
  }

  #count(charges: Charges): boolean {
    let areKnown = true
    for (let index = 0; index + 2 < charges.length; index += 3) {
      const [window = -1, at = 0, used = 0] = charges.slice(index, index + 3)
      areKnown = this.#add(window, at, used) && areKnown
    }
    return areKnown
  }

  #add(number: number, at: number, amount: number): boolean {
    const known = this.#windows.get(number)
    known?.used.set(at, (known.used.get(at) ?? 0) + amount)
    return known !== undefined
  }
}

function parse(line: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isBegin(line: readonly unknown[] | undefined): boolean {
  return line?.[0] === 'S'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || typeof value === 'number'
}

function areNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isNumber)
}
