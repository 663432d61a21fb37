import { readPriceList, type FindSheet, type PriceSheet } from './price-list.ts'

const mostKept = 1_000

/** The price list, of which only the lines that were asked for are kept, and of those no more than a thousand. */
export class PriceBook {
  readonly #kept = new Map<string, PriceSheet | undefined>()
  readonly #read: typeof readPriceList

  constructor(read: typeof readPriceList = readPriceList) {
    this.#read = read
  }

  /** Looks names up; the list is open meanwhile, and only where a name is not known yet. */
  readonly find: FindSheet = (name) => {
    if (this.#kept.has(name)) return this.#kept.get(name)
    const sheet = this.#read((find) => find(name))
    // Names under a wildcard are the callers' invention: the oldest make room.
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < mostKept) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(name, sheet)
    return sheet
  }
}
