const slotMs = 1_000
const slots = 10
const shareOfRequests = 0.2
const leastPerSecond = 10

/**
 * How many more calls than requests a process may make: of the last ten seconds' requests a fifth, and ten a second
 * where that is more. All retries share it, so that an outage is not met with a multiple of the load. Monotonic milliseconds are handed in.
 */
export class RetryBudget {
  readonly #deposits = new Float64Array(slots)
  readonly #withdrawals = new Float64Array(slots)
  #deposited = 0
  #withdrawn = 0
  #slot = 0
  #at = -1
  /** How often it said no. */
  refused = 0

  /** A request has come. */
  deposit(now: number): void {
    const slot = this.#slotAt(now)
    this.#deposits[slot] = (this.#deposits[slot] ?? 0) + 1
    this.#deposited += 1
  }

  /** Asks for one more call; false: it must not be made. */
  tryWithdraw(now: number): boolean {
    const slot = this.#slotAt(now)
    const thisSecond = this.#withdrawals[slot] ?? 0
    if (this.#withdrawn + 1 > shareOfRequests * this.#deposited && thisSecond >= leastPerSecond) {
      this.refused += 1
      return false
    }
    this.#withdrawals[slot] = thisSecond + 1
    this.#withdrawn += 1
    return true
  }

  #slotAt(now: number): number {
    const at = Math.floor(now / slotMs)
    if (at > this.#at) this.#forget(at)
    return this.#slot
  }

  #forget(at: number): void {
    const passed = Math.min(at - this.#at, slots)
    this.#at = at
    for (let count = 0; count < passed; count += 1) {
      this.#slot = (this.#slot + 1) % slots
      this.#deposited -= this.#deposits[this.#slot] ?? 0
      this.#withdrawn -= this.#withdrawals[this.#slot] ?? 0
      this.#deposits[this.#slot] = 0
      this.#withdrawals[this.#slot] = 0
    }
  }
}
