const spanMs = 1000

/** How much is taken in a second, of late. */
export class Rate {
  #sinceMs = -Infinity
  #count = 0
  #perSecond = 0

  add(amount: number, now: number): void {
    if (now - this.#sinceMs >= spanMs) this.#turnOver(now)
    this.#count += amount
  }

  /** The busier of the last whole second and the one that runs. */
  perSecond(now: number): number {
    const elapsedMs = now - this.#sinceMs
    if (elapsedMs >= 2 * spanMs) return 0
    return Math.max(this.#perSecond, this.#count)
  }

  #turnOver(now: number): void {
    const elapsedMs = now - this.#sinceMs
    this.#perSecond = elapsedMs < 2 * spanMs ? (this.#count * spanMs) / elapsedMs : 0
    this.#sinceMs = now
    this.#count = 0
  }
}
