interface Ended {
  readonly exchange: { readonly id: string; readonly callId: string }
  /** Monotonic milliseconds. */
  readonly endedAt: number
}

/** The last exchanges of this process. Keeping one costs a place in a list and nothing else. */
export class RecentExchanges<One extends Ended> {
  readonly #places: (One | undefined)[]
  #next = 0

  /** How many are kept at most; older ones make room. */
  constructor(size = 5_000) {
    this.#places = Array.from({ length: size })
  }

  add(ended: One): void {
    this.#places[this.#next] = ended
    this.#next = (this.#next + 1) % this.#places.length
  }

  /** The newest of this call id or id that ended at `since` or later. */
  find(id: string, since: number): One | undefined {
    const size = this.#places.length
    for (let back = 1; back <= size; back += 1) {
      const ended = this.#places[(this.#next - back + size) % size]
      if (!ended || ended.endedAt < since) return undefined
      if (ended.exchange.callId === id || ended.exchange.id === id) return ended
    }
    return undefined
  }
}
