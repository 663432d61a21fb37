import type { ErrorCode } from '../errors/catalogue.ts'

const decayMs = 10_000
const firstGuessMs = 30
// A fast failure must not look like a fast server, or it draws all traffic to itself.
const failureLatencyMs = 5_000
const shortestCooldownMs = 1_000
const longestCooldownMs = 60_000
const failsBeforeCooldown = 3

export interface LastOutcome {
  readonly code: 'ok' | ErrorCode
  /** Unix time, milliseconds. */
  readonly atMs: number
}

export interface CooldownRules {
  readonly allowedFails?: number | undefined
  readonly cooldownMs?: number | undefined
}

/** What is known of a deployment from its real traffic. Times are monotonic milliseconds, handed in. */
export class Health {
  inFlight = 0
  lastOutcome: LastOutcome | undefined
  #latencyMs = firstGuessMs
  #latencyAt = 0
  #failsInRow = 0
  #cooldowns = 0
  #coolUntil = 0
  #limitedUntil = 0
  #configurationFault: ErrorCode | undefined

  /** Peak-EWMA of time to first byte × calls under way: the load that two random choices compare. */
  loadAt(now: number): number {
    const weight = Math.exp(-Math.max(0, now - this.#latencyAt) / decayMs)
    const latency = this.#latencyMs * weight + firstGuessMs * (1 - weight)
    return latency * (this.inFlight + 1)
  }

  isCooling(now: number): boolean {
    return now < this.#coolUntil
  }

  /** Whether it said until when it takes nothing more (429): not to be asked before. */
  isLimited(now: number): boolean {
    return now < this.#limitedUntil
  }

  limitedForMs(now: number): number {
    return Math.max(0, this.#limitedUntil - now)
  }

  /** Time until it is asked again, for whatever reason it is not. */
  coolingForMs(now: number): number {
    return Math.max(0, this.#coolUntil - now, this.#limitedUntil - now)
  }

  /** Set while the upstream refuses our key or lacks the model: a fault to mend, not an outage. */
  get configurationFault(): ErrorCode | undefined {
    return this.#configurationFault
  }

  recordFirstByte(latencyMs: number, now: number): void {
    // Jump up to a peak at once, come down slowly.
    const weight = latencyMs > this.#latencyMs ? 0 : Math.exp(-(now - this.#latencyAt) / decayMs)
    this.#latencyMs = this.#latencyMs * weight + latencyMs * (1 - weight)
    this.#latencyAt = now
  }

  recordSuccess(atMs: number): void {
    this.#failsInRow = 0
    this.#cooldowns = 0
    this.#coolUntil = 0
    this.#limitedUntil = 0
    this.#configurationFault = undefined
    this.lastOutcome = { code: 'ok', atMs }
  }

  /** Counts a failure; enough in a row rest the deployment, twice as long each time, a minute at most. */
  recordFailure(
    code: ErrorCode,
    now: number,
    atMs: number,
    rules: CooldownRules & { retryAfterMs?: number } = {},
  ): void {
    this.lastOutcome = { code, atMs }
    this.recordFirstByte(failureLatencyMs, now)
    if (code === 'upstream_refused_our_key' || code === 'upstream_lacks_model') {
      this.#configurationFault = code
      this.#rest(now, rules)
      return
    }
    if (code === 'upstream_rate_limited') {
      // Where it says until when, it is not asked before; where not, it rests like one that failed.
      const { retryAfterMs } = rules
      if (retryAfterMs === undefined)
        this.#coolUntil = Math.max(this.#coolUntil, now + shortestCooldownMs)
      else this.#limitedUntil = Math.max(this.#limitedUntil, now + retryAfterMs)
      return
    }
    this.#failsInRow += 1
    if (this.#failsInRow > (rules.allowedFails ?? failsBeforeCooldown)) this.#rest(now, rules)
  }

  /** Takes a configuration fault for mended: a new document or key has come. */
  forgetConfigurationFault(): void {
    if (this.#configurationFault === undefined) return
    this.#configurationFault = undefined
    this.#coolUntil = 0
    this.#cooldowns = 0
  }

  #rest(now: number, rules: CooldownRules): void {
    const first = rules.cooldownMs ?? shortestCooldownMs
    const restMs = Math.min(first * 2 ** this.#cooldowns, Math.max(longestCooldownMs, first))
    this.#coolUntil = now + restMs
    this.#cooldowns += 1
  }
}
