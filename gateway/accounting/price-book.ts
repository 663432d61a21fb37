import {
  findSheet,
  indexOfRelease,
  readRelease,
  type FindSheet,
  type PriceIndex,
  type PriceSheet,
  type ReadPart,
} from './price-list.ts'

const mostKept = 1_000

/** The price list: of its names an index, of its lines those that were asked for, and no more than a thousand. */
export class PriceBook {
  readonly #kept = new Map<string, PriceSheet>()
  readonly #createIndex: () => PriceIndex
  readonly #read: ReadPart
  #index: PriceIndex | undefined

  constructor(createIndex: () => PriceIndex = indexOfRelease, read: ReadPart = readRelease) {
    this.#createIndex = createIndex
    this.#read = read
  }

  /** What the list says of a model. */
  readonly find: FindSheet = (name) => {
    const kept = this.#kept.get(name)
    if (kept) return kept
    this.#index ??= this.#createIndex()
    const sheet = findSheet(this.#index, this.#read, name)
    if (!sheet) return undefined
    // Who asks for all models there are does not fill the memory: the oldest make room.
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < mostKept) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(name, sheet)
    return sheet
  }
}
