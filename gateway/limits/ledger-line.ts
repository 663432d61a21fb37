import type { LeasedCounter } from './leased-counter.ts'
import type { Ledger, LedgerAnswer, LedgerAsk } from './ledger.ts'

export interface LedgerLineOptions {
  readonly ledger: Ledger | undefined
  /** The clock whose times counters are handed; milliseconds. */
  readonly now: () => number
  /** Unix milliseconds. */
  readonly wallClock: () => number
  readonly log: { warn(fields: object, message: string): void }
  /** Waits; tests need not. */
  readonly pause?: (ms: number) => Promise<void>
}

type Apply = (ask: LedgerAsk, answer: LedgerAnswer, now: number) => void

/** What is asked in one statement. */
interface Batch {
  readonly applies: Map<LedgerAsk, Apply>
  readonly isHeard: Promise<boolean>
}

/** A process that is silent for so long counts as gone: what it holds becomes unsettled. */
export const ttlMs = 15_000
/** After an ask that failed the ledger is left alone for so long. */
const restMs = 1000
const firstContactMs = 1000
const firstContactStepMs = 20

/** A process's line to the ledger, and its idea of the ledger's clock. */
export class LedgerLine {
  readonly #options: LedgerLineOptions
  readonly #startedAt: number
  #offsetMs: number | undefined
  #failedAt = -Infinity
  #isFailing = false
  #batch: Batch | undefined
  #firstContact: Promise<void> | undefined
  /** Until then the ledger takes this process for alive. */
  validUntil = -Infinity
  /** When the ledger was last asked with success. */
  heardAt = -Infinity
  /** Has the ledger told of a counter again that rested. */
  wake: (counter: LeasedCounter) => void = () => undefined
  /** What this process has used of a window whose slice it has forgotten. */
  usedBefore: (key: string, startMs: number) => number = () => 0
  /** Has the ledger told at once what is new. */
  hurry: () => void = () => undefined
  /** Processes seen sharing a counter. */
  replicas = 1

  constructor(options: LedgerLineOptions) {
    this.#options = options
    this.#startedAt = options.now()
  }

  readonly now = (): number => this.#options.now()

  readonly pause = (ms: number): Promise<void> =>
    this.#options.pause?.(ms) ??
    new Promise((resolve) => {
      setTimeout(resolve, ms)
    })

  /** The ledger's clock, at the latest: never before what it really is. Without a ledger the clock on the wall. */
  wall(now: number): number {
    if (this.#offsetMs !== undefined) return now + this.#offsetMs
    return this.#options.wallClock() + (now - this.#options.now())
  }

  state(): 'none' | 'away' | 'there' {
    const state = this.#options.ledger?.state() ?? 'none'
    const isResting = state === 'there' && this.now() - this.#failedAt < restMs
    return isResting ? 'away' : state
  }

  /** One round trip, shared by all who ask at the same moment; false where the ledger is away. */
  async exchange(asks: readonly LedgerAsk[], apply: Apply): Promise<boolean> {
    const batch = (this.#batch ??= this.#openBatch())
    for (const ask of asks) batch.applies.set(ask, apply)
    return batch.isHeard
  }

  #openBatch(): Batch {
    const applies = new Map<LedgerAsk, Apply>()
    // Counters of one request ask a few microtasks apart.
    const isHeard = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#batch = undefined
      return this.exchangeNow([...applies.keys()], (ask, answer, now) =>
        applies.get(ask)?.(ask, answer, now),
      )
    })
    return { applies, isHeard }
  }

  /** A round trip of its own, which keeps this process's leases for so long. */
  async exchangeNow(asks: readonly LedgerAsk[], apply: Apply, ttl = ttlMs): Promise<boolean> {
    const { ledger, now } = this.#options
    if (!ledger || this.state() !== 'there') return false
    const sentAt = now()
    try {
      const answers = await ledger.exchange(asks, ttl)
      this.#hear(sentAt, sentAt + ttl, answers)
      answers.forEach((answer, index) => {
        const ask = asks[index]
        if (ask) apply(ask, answer, now())
      })
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  async sweep(): Promise<void> {
    if (this.state() !== 'there') return
    await this.#options.ledger?.sweep().catch((error: unknown) => this.#fail(error))
  }

  /** At the very start a database that is configured is waited for, once and shortly. */
  awaitFirstContact(): Promise<void> | undefined {
    if (this.heardAt > -Infinity || this.state() !== 'away') return undefined
    if (this.now() - this.#startedAt > 10 * firstContactMs) return undefined
    this.#firstContact ??= this.#awaitLedger()
    return this.#firstContact
  }

  async #awaitLedger(): Promise<void> {
    for (let waited = 0; waited < firstContactMs; waited += firstContactStepMs) {
      if (this.state() !== 'away') return
      await this.pause(firstContactStepMs)
    }
  }

  #hear(sentAt: number, validUntil: number, answers: readonly LedgerAnswer[]): void {
    this.heardAt = sentAt
    this.validUntil = Math.max(this.validUntil, validUntil)
    this.#isFailing = false
    for (const { nowMs, replicas } of answers) {
      // The ledger looked at its clock after the ask was sent.
      this.#offsetMs = nowMs - sentAt
      this.replicas = Math.max(1, replicas)
    }
  }

  #fail(error: unknown): void {
    this.#failedAt = this.now()
    if (this.#isFailing) return
    this.#isFailing = true
    const reason = error instanceof Error ? error.message : 'unknown'
    this.#options.log.warn({ reason }, 'the ledger of counters did not answer')
  }
}
