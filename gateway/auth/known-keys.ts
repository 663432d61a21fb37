import type { AccessRow } from './access-row.ts'
import { dependenciesOf } from './key-loader.ts'
import type { Caller } from './keyring.ts'

/** A key in memory. */
export interface KnownKey {
  readonly caller: Caller
  /** What it hangs on, as notices name it. */
  readonly names: readonly string[]
  /** The era in which it was read: what is of an earlier one must be read again. */
  readonly era: number
  /** When it was surely so, monotonic milliseconds. */
  trueAt: number
  /** Since it was last passed over when room was made. */
  isUsed: boolean
}

/** Keys by digest, so many at most: those that are used stay. */
export class KnownKeys {
  readonly #keys = new Map<string, KnownKey>()
  readonly #byName = new Map<string, Set<string>>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#keys.size
  }

  get(id: string): KnownKey | undefined {
    return this.#keys.get(id)
  }

  ids(): Iterable<string> {
    return this.#keys.keys()
  }

  set(row: AccessRow, known: Omit<KnownKey, 'names' | 'isUsed'>): void {
    const isUsed = this.#keys.get(row.id)?.isUsed ?? false
    this.delete(row.id)
    const names = dependenciesOf(row)
    this.#keys.set(row.id, { ...known, names, isUsed })
    for (const name of names) {
      if (idIn(name) !== undefined) continue
      const ids = this.#byName.get(name)
      if (ids) ids.add(row.id)
      else this.#byName.set(name, new Set([row.id]))
    }
    if (this.#keys.size > this.#most) this.#makeRoom()
  }

  delete(id: string): void {
    const known = this.#keys.get(id)
    if (!known) return
    this.#keys.delete(id)
    for (const name of known.names) {
      const ids = this.#byName.get(name)
      ids?.delete(id)
      if (ids?.size === 0) this.#byName.delete(name)
    }
  }

  /** Those of an era were true at this time. */
  markTrue(era: number, at: number): void {
    for (const known of this.#keys.values()) {
      if (known.era === era) known.trueAt = Math.max(known.trueAt, at)
    }
  }

  /** Takes out all that hang on this, and gives the ids of those that were in use. */
  deleteAll(name: string): readonly string[] {
    const id = idIn(name)
    const ids = id === undefined ? [...(this.#byName.get(name) ?? [])] : [id]
    const used = ids.filter((one) => this.#keys.get(one)?.isUsed)
    for (const one of ids) this.delete(one)
    return used
  }

  // The oldest that has not been used since it was passed over last; some are passed over at most.
  #makeRoom(): void {
    let passes = mostPasses
    for (const [id, known] of this.#keys) {
      passes -= 1
      if (!known.isUsed || passes <= 0) return this.delete(id)
      known.isUsed = false
      this.#keys.delete(id)
      this.#keys.set(id, known)
    }
  }
}

const mostPasses = 64

// The key itself is found without an index.
function idIn(name: string): string | undefined {
  return name.startsWith('keys ') ? name.slice(5) : undefined
}
