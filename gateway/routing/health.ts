import { errorCatalogue, type ErrorCode } from '../errors/catalogue.ts'
import { Breaker, isFault, type BreakerState, type RestRules } from './breaker.ts'
import { findInPolicy } from './failure-class.ts'
import { LastSamples, PeakLatency, usualSamples, type SampleRules } from './latency.ts'

// A fast failure must not look like a fast server, or it draws all traffic to itself.
const failureLatencyMs = 5_000
const timeoutSampleSeconds = 1_000
/** To read a prompt takes about as long as to write so many tokens; that is the time to a first byte. */
const tokensOfPrompt = 50

export interface LastOutcome {
  readonly code: 'ok' | ErrorCode
  /** Unix time, milliseconds. */
  readonly atMs: number
}

/** One failed attempt, as far as its deployment's health goes, and the rules it is judged by. */
export interface FailedAttempt extends RestRules {
  /** From `begin`. */
  readonly ticket?: number
  /** How long it took to fail, milliseconds. */
  readonly tookMs?: number
  /** What the upstream itself answered, where it did. */
  readonly status?: number | undefined
  /** How long it asked to be left alone; on a 429 it is. */
  readonly retryAfterMs?: number | undefined
}

/**
 * What is known of a deployment from its real traffic. Times are monotonic milliseconds, handed in; `atMs` is
 * Unix time. An attempt is one `begin`, then `recordFirstByte` and one of `recordSuccess` and `recordFailure` as
 * it goes, and in every case one `end`. A caller that leaves is an `end` alone and counts for nothing.
 */
export class Health {
  /** Attempts under way, whole streams included. */
  inFlight = 0
  readonly #latency = new PeakLatency()
  readonly #breaker = new Breaker()
  #answerSamples: LastSamples | undefined
  #streamSamples: LastSamples | undefined
  #sampleRules = usualSamples
  #lastTicket = 0
  #limitedUntil = 0
  #limitedBy = 0
  #lastCode: LastOutcome['code'] | undefined
  #lastAtMs = 0
  #lastStatus: number | undefined
  #configurationFault: ErrorCode | undefined
  #restsByStatus: Map<number, number> | undefined

  /** An attempt begins; its ticket. Where a rest is over and nobody probes yet, this attempt is the probe. */
  begin(now: number): number {
    this.inFlight += 1
    this.#lastTicket += 1
    this.#breaker.begin(this.#lastTicket, now)
    return this.#lastTicket
  }

  /** The attempt is over, however it ended; a probe that told nothing is given back. */
  end(ticket: number): void {
    this.inFlight -= 1
    this.#breaker.end(ticket)
  }

  /** The first piece of a good answer has come. */
  recordFirstByte(latencyMs: number, now: number, ticket = 0): void {
    this.#latency.record(latencyMs, now)
    this.#breaker.wake(ticket)
  }

  /** A whole answer has come, not streamed: its length is taken out of its time, or long answers would look slow. */
  recordAnswer(tookMs: number, outputTokens: number, now: number): void {
    this.#latency.record(tookMs / (1 + outputTokens / tokensOfPrompt), now)
  }

  /** A good answer has ended. */
  recordSuccess(atMs: number, ticket = Infinity): void {
    this.#breaker.succeed(ticket)
    if (ticket > this.#limitedBy) this.#limitedUntil = 0
    this.#configurationFault = undefined
    this.#lastCode = 'ok'
    this.#lastAtMs = atMs
    this.#lastStatus = undefined
  }

  /** How much of `recordSpeed` is remembered from now on; what was is forgotten where that changes. */
  keepSamples(rules: SampleRules): void {
    const { most, lifeMs } = this.#sampleRules
    if (most === rules.most && lifeMs === rules.lifeMs) return
    this.#sampleRules = rules
    this.#answerSamples = undefined
    this.#streamSamples = undefined
  }

  /** How fast it answered: seconds an output token, of a stream seconds to its first byte. */
  recordSpeed(isStream: boolean, seconds: number, now: number): void {
    const samples = isStream
      ? (this.#streamSamples ??= new LastSamples(this.#sampleRules))
      : (this.#answerSamples ??= new LastSamples(this.#sampleRules))
    samples.record(seconds, now)
  }

  /** Counts a failure; one that says nothing about the upstream counts for nothing. */
  recordFailure(code: ErrorCode, now: number, atMs: number, failed: FailedAttempt = {}): void {
    if (!errorCatalogue[code].hurts) return
    this.#lastCode = code
    this.#lastAtMs = atMs
    this.#lastStatus = failed.status
    this.#configurationFault = isFault(code) ? code : this.#configurationFault
    this.#latency.record(Math.max(failureLatencyMs, failed.tookMs ?? 0), now)
    if (code === 'upstream_timeout') {
      this.recordSpeed(false, timeoutSampleSeconds, now)
      this.recordSpeed(true, timeoutSampleSeconds, now)
    }
    if (failed.areCooldownsDisabled === true || failed.cooldownMs === 0) return
    if (this.#deselects(code, now, failed)) this.#countRest(code, failed)
  }

  /** Peak-EWMA of time to first byte, of whole answers what that would have been; failures counted as slow. */
  latencyMs(now: number): number {
    return this.#latency.at(now)
  }

  /** Mean of the last samples of `recordSpeed`; a timeout counts as 1000 s; 0: none yet. */
  meanLatency(isStream: boolean, now: number): number {
    return (isStream ? this.#streamSamples : this.#answerSamples)?.mean(now) ?? 0
  }

  /** Resting after failures for so long. */
  coolingMs(now: number): number {
    return this.#breaker.restingMs(now)
  }

  /** Its rest is over and one real request finds out whether it is well: no second one yet. */
  isProbed(now: number): boolean {
    return this.#breaker.isProbed(now)
  }

  /** It said until when it takes no more (429): not to be asked before. */
  limitedMs(now: number): number {
    return Math.max(0, this.#limitedUntil - now)
  }

  breaker(now: number): BreakerState {
    return this.#breaker.state(now)
  }

  /** Set while the upstream refuses our key or lacks the model: a fault to mend, not an outage. */
  get configurationFault(): ErrorCode | undefined {
    return this.#configurationFault
  }

  get lastOutcome(): LastOutcome | undefined {
    return this.#lastCode === undefined ? undefined : { code: this.#lastCode, atMs: this.#lastAtMs }
  }

  /** The status of the last outcome where that was an upstream's failure. */
  get lastStatus(): number | undefined {
    return this.#lastStatus
  }

  /** How often it was sent to rest, by the status that did it. */
  get restsByStatus(): ReadonlyMap<number, number> {
    return this.#restsByStatus ?? noRests
  }

  /** Takes a configuration fault for mended: a new document or key has come. */
  forgetConfigurationFault(): void {
    if (this.#configurationFault === undefined) return
    this.#configurationFault = undefined
    this.#breaker.reset()
  }

  #deselects(code: ErrorCode, now: number, failed: FailedAttempt): boolean {
    const { ticket = Infinity, status, retryAfterMs = 0, allowedFailsPolicy } = failed
    const isCounted = findInPolicy(allowedFailsPolicy, code, status) !== undefined
    if (code === 'upstream_rate_limited' && retryAfterMs > 0 && !isCounted) {
      const wasLimited = this.limitedMs(now) > 0
      this.#limitedUntil = Math.max(this.#limitedUntil, now + retryAfterMs)
      this.#limitedBy = this.#lastTicket
      return !wasLimited
    }
    const failure = { code, now, status, retryAfterMs }
    return this.#breaker.fail(failure, ticket, this.#lastTicket, failed)
  }

  #countRest(code: ErrorCode, { status }: FailedAttempt): void {
    this.#restsByStatus ??= new Map()
    const shown = status ?? errorCatalogue[code].status
    this.#restsByStatus.set(shown, (this.#restsByStatus.get(shown) ?? 0) + 1)
  }
}

const noRests: ReadonlyMap<number, number> = new Map()
