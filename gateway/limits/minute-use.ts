const minuteMs = 60_000
const newestShare = 0.2

/** What went through a gate in the running minute, and what a call uses on average. */
export class MinuteUse {
  #minute = 0
  #requests = 0
  #tokens = 0
  #meanTokens = 0

  requests(now: number): number {
    return this.#isRunning(now) ? this.#requests : 0
  }

  tokens(now: number): number {
    return this.#isRunning(now) ? this.#tokens : 0
  }

  /** Tokens of a call, over the last ones; 0: none yet. */
  get meanTokens(): number {
    return this.#meanTokens
  }

  /** A call begins that will use about so many tokens; the number of its minute. */
  begin(tokens: number, now: number): number {
    const minute = Math.floor(now / minuteMs)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#requests = 0
      this.#tokens = 0
    }
    this.#requests += 1
    this.#tokens += tokens
    return minute
  }

  /** It used others than it was begun with. */
  correct(minute: number, tokens: number): void {
    if (minute === this.#minute) this.#tokens += tokens
  }

  /** It was not sent. */
  takeBack(minute: number, tokens: number): void {
    if (minute !== this.#minute) return
    this.#requests -= 1
    this.#tokens -= tokens
  }

  learnUse(tokens: number): void {
    this.#meanTokens =
      this.#meanTokens === 0 ? tokens : this.#meanTokens + newestShare * (tokens - this.#meanTokens)
  }

  #isRunning(now: number): boolean {
    return Math.floor(now / minuteMs) === this.#minute
  }
}
