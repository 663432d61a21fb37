const decayMs = 10_000
const firstGuessMs = 30

/** Peak-EWMA of time to first byte: a peak counts at once and is forgotten slowly. Monotonic milliseconds. */
export class PeakLatency {
  #latencyMs = firstGuessMs
  #at = 0

  at(now: number): number {
    const weight = Math.exp(-Math.max(0, now - this.#at) / decayMs)
    return this.#latencyMs * weight + firstGuessMs * (1 - weight)
  }

  record(latencyMs: number, now: number): void {
    const isPeak = latencyMs > this.#latencyMs
    const weight = isPeak ? 0 : Math.exp(-Math.max(0, now - this.#at) / decayMs)
    this.#latencyMs = this.#latencyMs * weight + latencyMs * (1 - weight)
    this.#at = now
  }
}

/** How many samples are remembered, and for how long. */
export interface SampleRules {
  readonly most: number
  readonly lifeMs: number
}

/** LiteLLM's own numbers. */
export const usualSamples: SampleRules = { most: 10, lifeMs: 3_600_000 }

/** Mean of the last samples, for LiteLLM's latency-based routing. */
export class LastSamples {
  readonly #values: Float64Array
  readonly #times: Float64Array
  readonly #lifeMs: number
  #next = 0

  constructor({ most, lifeMs }: SampleRules) {
    this.#values = new Float64Array(most)
    this.#times = new Float64Array(most).fill(-Infinity)
    this.#lifeMs = lifeMs
  }

  record(seconds: number, now: number): void {
    this.#values[this.#next] = seconds
    this.#times[this.#next] = now
    this.#next = (this.#next + 1) % this.#values.length
  }

  /** 0: none yet. */
  mean(now: number): number {
    let sum = 0
    let count = 0
    for (let index = 0; index < this.#values.length; index += 1) {
      if (now - (this.#times[index] ?? -Infinity) > this.#lifeMs) continue
      sum += this.#values[index] ?? 0
      count += 1
    }
    return count === 0 ? 0 : sum / count
  }
}
