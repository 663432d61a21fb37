import type { Counters, CounterSpec } from './counter.ts'
import type { LedgerAsk } from './ledger.ts'
import { LedgerLine, ttlMs, type LedgerLineOptions } from './ledger-line.ts'
import { LeasedCounter } from './leased-counter.ts'

export interface CountersOptions extends LedgerLineOptions {
  /** How often what was used is told to the ledger; 0: only when asked to. */
  readonly tellEveryMs?: number
}

const tellEveryMs = 1000
const sweepEveryMs = 5000
const asksAtOnce = 200

/**
 * Creates the counters of this process: leased from the ledger where there is one, else exact in this process alone.
 * They move to the ledger when it comes, with what was used until then.
 */
export function createCounters(options: CountersOptions): RunningCounters {
  return new RunningCounters(options)
}

/** The counters of a process, and what keeps them and the ledger of one mind. */
export class RunningCounters implements Counters {
  readonly #options: CountersOptions
  readonly #line: LedgerLine
  readonly #counters = new Map<string, LeasedCounter>()
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #sweptAt = -Infinity
  #unlisten: (() => void) | undefined
  #isClosed = false

  constructor(options: CountersOptions) {
    this.#options = options
    this.#line = new LedgerLine(options)
    this.#line.hurry = () => void this.tell()
  }

  counter(spec: CounterSpec): LeasedCounter {
    const known = this.#counters.get(spec.key)
    if (known) {
      known.change(spec)
      return known
    }
    if (this.#counters.size === 0) this.#start()
    const counter = new LeasedCounter(spec, this.#line)
    this.#counters.set(spec.key, counter)
    return counter
  }

  /** Tells the ledger what is new, and hands back what is idle. */
  tell(): Promise<void> {
    // One runs and one waits for it; a third would have nothing to say.
    this.#next ??= this.#telling.then(() => this.#tellNext())
    this.#telling = this.#next
    return this.#next
  }

  /** Tells the rest and hands back everything, within the time given. Without it a process counts as killed. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#unlisten?.()
    const patience = new Promise((resolve) => setTimeout(resolve, withinMs).unref())
    await Promise.race([this.#leave(), patience])
  }

  // A process without counters neither wakes up nor listens.
  #start(): void {
    const { ledger, tellEveryMs: everyMs = tellEveryMs } = this.#options
    if (this.#isClosed) return
    if (everyMs > 0) this.#timer = setInterval(() => void this.tell(), everyMs).unref()
    this.#unlisten = ledger?.onRecall((key) => {
      const counter = [...this.#counters.values()].find(({ ledgerKey }) => ledgerKey === key)
      if (counter?.isLeasing) void this.#handBack(counter)
    })
  }

  async #handBack(counter: LeasedCounter): Promise<void> {
    await counter.asking
    counter.handBack()
    await this.tell()
  }

  async #tellNext(): Promise<void> {
    this.#next = undefined
    try {
      if (!this.#isClosed) await this.#tell()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what was used could not be told to the ledger')
    }
  }

  async #tell(): Promise<void> {
    const now = this.#line.now()
    const all = this.#collect(now)
    if (this.#line.state() !== 'there') return
    const isLeasing = [...this.#counters.values()].some((counter) => counter.isLeasing)
    const mustRenew = isLeasing && now - this.#line.heardAt > ttlMs / 3
    if (all.length > 0 || mustRenew) await this.#exchange(all)
    if (now - this.#sweptAt < sweepEveryMs) return
    this.#sweptAt = now
    await this.#line.sweep()
  }

  #collect(now: number): Told[] {
    return [...this.#counters.values()].flatMap((counter) =>
      counter.toTell(now).map((ask) => ({ counter, ask })),
    )
  }

  async #exchange(all: readonly Told[], ttl = ttlMs): Promise<void> {
    let start = 0
    do {
      const some = all.slice(start, start + asksAtOnce)
      const asks = some.map(({ ask }) => ask)
      const exchange = this.#line.exchange(
        asks,
        (ask, answer, now) => some[asks.indexOf(ask)]?.counter.apply(ask, answer, now),
        ttl,
      )
      for (const { counter } of some) counter.join(exchange)
      await exchange
      start += asksAtOnce
    } while (start < all.length)
  }

  async #leave(): Promise<void> {
    await this.#telling
    for (const counter of this.#counters.values()) await counter.asking
    for (const counter of this.#counters.values()) counter.handBack()
    if (this.#line.heardAt > -Infinity) await this.#exchange(this.#collect(this.#line.now()), 0)
  }
}

interface Told {
  readonly counter: LeasedCounter
  readonly ask: LedgerAsk
}
