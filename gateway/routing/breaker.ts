import type { DeploymentParams, FailurePolicy, RouterSettings } from '../../modules/module.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { findInPolicy } from './failure-class.ts'

/** When a deployment rests, and for how long: LiteLLM's keys, ours where they are silent. */
export interface RestRules {
  /** Failures forgiven in one cooldown time; absent: five in a row, or most of twenty in ten seconds, are too many. */
  readonly allowedFails?: number | undefined
  readonly allowedFailsPolicy?: FailurePolicy
  /** Length of the first rest; 0: it never rests. */
  readonly cooldownMs?: number | undefined
  readonly areCooldownsDisabled?: boolean
}

/** The rules of one deployment: its own `cooldown_time` goes before the router's. */
export function restRulesOf(
  { cooldownMs }: Pick<DeploymentParams, 'cooldownMs'>,
  router: RouterSettings,
): RestRules {
  return {
    allowedFails: router.allowedFails,
    allowedFailsPolicy: router.allowedFailsPolicy,
    cooldownMs: cooldownMs ?? router.cooldownMs,
    areCooldownsDisabled: router.areCooldownsDisabled,
  }
}

export interface Failure {
  readonly code: ErrorCode
  readonly now: number
  /** What the upstream itself answered. */
  readonly status?: number | undefined
  /** How long it asked to be left alone. */
  readonly retryAfterMs?: number | undefined
}

export type BreakerState = 'closed' | 'half-open' | 'open'

const firstRestMs = 1_000
const longestRestMs = 60_000
const longestAskedRestMs = 300_000
/** A key or a name is not mended within a second, and asking costs a caller an attempt. */
const faultRestMs = 10_000
const failsInRow = 5
const windowMs = 10_000
const windowRequests = 20
const countingMs = 5_000
/** A probe that gives no sign for so long lets another request try as well. */
const probeMs = 10_000

/**
 * Whether a deployment rests after failures. When a rest is over one real request finds out whether it is well,
 * and until it has, no other goes there. Attempts are told apart by their tickets, which grow: what began before
 * a rest neither ends nor lengthens it.
 */
export class Breaker {
  #isOpen = false
  #openedBy = 0
  #restUntil = 0
  #restMs = 0
  #rests = 0
  #probe = 0
  #probeUntil = 0
  #failsInRow = 0
  #successes = 0
  #window = { from: -Infinity, successes: 0, failures: 0 }
  #counts: Map<string, { from: number; count: number }> | undefined

  restingMs(now: number): number {
    return this.#isOpen ? Math.max(0, this.#restUntil - now) : 0
  }

  /** The rest is over and a request is out to see whether it is well. */
  isProbed(now: number): boolean {
    return this.#isOpen && this.#probe !== 0 && now >= this.#restUntil && now < this.#probeUntil
  }

  state(now: number): BreakerState {
    if (!this.#isOpen) return 'closed'
    return now < this.#restUntil ? 'open' : 'half-open'
  }

  begin(ticket: number, now: number): void {
    if (!this.#isOpen || now < this.#restUntil || this.isProbed(now)) return
    this.#probe = ticket
    this.#probeUntil = now + Math.max(probeMs, this.#restMs)
  }

  /** Gives the probe back where it is still this attempt's: it has told nothing. */
  end(ticket: number): void {
    if (this.#probe === ticket) this.#probe = 0
  }

  /** A good answer has begun: others may go there again. */
  wake(ticket: number): void {
    if (this.#isOpen && ticket > this.#openedBy) this.#close()
  }

  succeed(ticket: number): void {
    this.#successes += 1
    if (ticket <= this.#openedBy) return
    this.#failsInRow = 0
    this.#rests = 0
    if (this.#isOpen) this.#close()
  }

  /** Counts a failure of an attempt; true: it begins a rest. `last` is the newest ticket given out. */
  fail(failure: Failure, ticket: number, last: number, rules: RestRules): boolean {
    if (this.#isOpen) {
      // Others that fail while it rests tell nothing new, and must not lengthen the rest.
      if (ticket !== this.#probe) return false
    } else if (ticket <= this.#openedBy || !this.#isTooMuch(failure, rules)) return false
    this.#rest(failure, last, rules)
    return true
  }

  /** Forgets rest and failures. */
  reset(): void {
    this.#close()
    this.#rests = 0
    this.#failsInRow = 0
  }

  #close(): void {
    this.#isOpen = false
    this.#probe = 0
    this.#counts = undefined
    this.#window = { from: -Infinity, successes: 0, failures: 0 }
  }

  #rest({ code, now, retryAfterMs = 0 }: Failure, last: number, { cooldownMs }: RestRules): void {
    this.#restMs = isFault(code)
      ? (cooldownMs ?? faultRestMs)
      : Math.max(this.#nextRest(cooldownMs), Math.min(retryAfterMs, longestAskedRestMs))
    this.#isOpen = true
    this.#openedBy = last
    this.#restUntil = now + this.#restMs
    this.#probe = 0
    this.#failsInRow = 0
  }

  /** Twice as long each time, a minute at most. */
  #nextRest(cooldownMs = firstRestMs): number {
    const restMs = Math.min(cooldownMs * 2 ** this.#rests, Math.max(longestRestMs, cooldownMs))
    this.#rests += 1
    return restMs
  }

  #isTooMuch(failure: Failure, rules: RestRules): boolean {
    const { code, now, status } = failure
    const named = findInPolicy(rules.allowedFailsPolicy, code, status)
    if (named) return this.#count(named.name, now, rules) > named.count
    // Nothing is gained by asking again what has a fault, or is used up.
    if (isFault(code) || code === 'upstream_rate_limited') return true
    this.#failsInRow += 1
    const { allowedFails } = rules
    if (allowedFails !== undefined) return this.#count('', now, rules) > allowedFails
    return this.#failsInRow >= failsInRow || this.#isMostlyFailing(now)
  }

  /** As LiteLLM counts: a count is forgotten after one cooldown time. */
  #count(name: string, now: number, { cooldownMs }: RestRules): number {
    this.#counts ??= new Map()
    const known = this.#counts.get(name)
    if (known && now - known.from < (cooldownMs ?? countingMs)) return (known.count += 1)
    this.#counts.set(name, { from: now, count: 1 })
    return 1
  }

  // Successes are only ever added up; a window takes note of the sum when a failure begins it.
  #isMostlyFailing(now: number): boolean {
    if (now - this.#window.from >= windowMs)
      this.#window = { from: now, successes: this.#successes, failures: 0 }
    const window = this.#window
    window.failures += 1
    const successes = this.#successes - window.successes
    return successes + window.failures >= windowRequests && successes < window.failures
  }
}

/** The upstream refuses our key or lacks the model: to be mended, not waited for. */
export function isFault(code: ErrorCode): boolean {
  return code === 'upstream_refused_our_key' || code === 'upstream_lacks_model'
}
