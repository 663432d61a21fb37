/** What has deadlines. */
export interface Clocked {
  /** Its place on the clock; the clock's own. */
  place: number
  /** Looks whether one of them is over, at this monotonic time in milliseconds. */
  check(now: number): void
}

const tickMs = 20

/**
 * One timer for all calls. To make and to clear one for each costs a request more than it costs to look through all
 * of them now and then; a deadline is kept to within a tick.
 */
export class CallClock {
  readonly #watched: Clocked[] = []
  #timer: NodeJS.Timeout | undefined

  watch(clocked: Clocked): void {
    clocked.place = this.#watched.push(clocked) - 1
    this.#timer ??= setInterval(() => this.#tick(), tickMs)
  }

  forget(clocked: Clocked): void {
    const { place } = clocked
    if (place < 0) return
    clocked.place = -1
    const last = this.#watched.pop()
    if (last === undefined || last === clocked) return
    this.#watched[place] = last
    last.place = place
  }

  #tick(): void {
    if (this.#watched.length === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    const now = performance.now()
    // From behind: what is forgotten on the way is replaced by one that was looked at.
    for (let at = this.#watched.length - 1; at >= 0; at -= 1) this.#watched[at]?.check(now)
  }
}
