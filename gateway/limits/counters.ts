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
/** Of so many counters at most news are told in one turn: two statements. */
const mostTold = 400

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
  readonly #byLedgerKey = new Map<string, LeasedCounter>()
  /** Those the ledger hears of. The others are left alone until something is taken of them. */
  readonly #awake = new Set<LeasedCounter>()
  /** What was used of windows whose counters were forgotten, until they end. */
  readonly #leftBehind = new Map<string, { readonly used: number; readonly endMs: number }>()
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #sweptAt = -Infinity
  #unlisten: (() => void) | undefined
  #closing: Promise<void> | undefined
  #hasStarted = false
  #isClosed = false
  /** Closed, and the ledger knows all that was used here. */
  isTold = false

  constructor(options: CountersOptions) {
    this.#options = options
    this.#line = new LedgerLine(options)
    this.#line.hurry = () => void this.tell()
    this.#line.wake = (counter) => void this.#awake.add(counter)
    this.#line.usedBefore = (key, startMs) => this.#leftBehind.get(`${key} @${startMs}`)?.used ?? 0
  }

  counter(spec: CounterSpec): LeasedCounter {
    const known = this.#counters.get(spec.key)
    const counter = known ?? this.#create(spec)
    if (known) {
      this.#byLedgerKey.delete(known.ledgerKey)
      known.change(spec)
    }
    this.#byLedgerKey.set(counter.ledgerKey, counter)
    return counter
  }

  /** Whether a database is configured and not at hand. */
  get isLedgerAway(): boolean {
    return this.#line.state() === 'away'
  }

  /** How many the ledger hears of. */
  get awake(): number {
    return this.#awake.size
  }

  /**
   * Lets go of a counter that nobody will take of any more, until it is asked for again; false: it has something to
   * tell yet. Who still holds it must not use it.
   */
  forget(key: string): boolean {
    const counter = this.#counters.get(key)
    if (!counter) return true
    const left = counter.leftBehind(this.#line.now())
    if (!left) return false
    for (const { key: ledgerKey, startMs, endMs, used } of left)
      if (used > 0) this.#leftBehind.set(`${ledgerKey} @${startMs}`, { used, endMs })
    this.#counters.delete(key)
    this.#byLedgerKey.delete(counter.ledgerKey)
    return true
  }

  /** Tells the ledger what is new, and hands back what is idle. */
  tell(): Promise<void> {
    // One runs and one waits for it; a third would have nothing to say.
    this.#next ??= this.#telling.then(() => this.#tellNext())
    this.#telling = this.#next
    return this.#next
  }

  /** Tells the rest and hands back everything, within the time given. Without it a process counts as killed. */
  close(withinMs: number): Promise<void> {
    this.#closing ??= this.#close(withinMs)
    return this.#closing
  }

  async #close(withinMs: number): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#unlisten?.()
    const patience = new Promise((resolve) => setTimeout(resolve, withinMs).unref())
    await Promise.race([this.#leave(), patience])
  }

  #create(spec: CounterSpec): LeasedCounter {
    if (!this.#hasStarted) this.#start()
    const counter = new LeasedCounter(spec, this.#line)
    this.#counters.set(spec.key, counter)
    if (spec.mayRest !== true) this.#awake.add(counter)
    return counter
  }

  // A process without counters neither wakes up nor listens.
  #start(): void {
    const { ledger, tellEveryMs: everyMs = tellEveryMs } = this.#options
    if (this.#isClosed) return
    this.#hasStarted = true
    if (everyMs > 0) this.#timer = setInterval(() => void this.tell(), everyMs).unref()
    this.#unlisten = ledger?.onRecall((key) => {
      const counter = this.#byLedgerKey.get(key)
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
    const isLeasing = this.#isLeasing()
    const mustRenew = isLeasing && now - this.#line.heardAt > ttlMs / 3
    if (all.length > 0 || mustRenew) await this.#exchange(all)
    if (now - this.#sweptAt < sweepEveryMs) return
    this.#sweptAt = now
    const wallMs = this.#line.wall(now)
    for (const [key, { endMs }] of this.#leftBehind)
      if (endMs <= wallMs) this.#leftBehind.delete(key)
    await this.#line.sweep()
  }

  // Who has waited longest speaks first: where thousands have news, each waits for its turn some seconds.
  #collect(now: number, most = mostTold): Told[] {
    const all: Told[] = []
    const asked: LeasedCounter[] = []
    for (const counter of this.#awake) {
      if (all.length >= most) break
      const asks = counter.toTell(now)
      for (const ask of asks) all.push({ counter, ask })
      if (counter.mayRest(now)) {
        counter.rest()
        this.#awake.delete(counter)
      } else if (asks.length > 0) asked.push(counter)
    }
    for (const counter of asked) {
      this.#awake.delete(counter)
      this.#awake.add(counter)
    }
    return all
  }

  #isLeasing(): boolean {
    for (const counter of this.#awake) if (counter.isLeasing) return true
    return false
  }

  async #exchange(all: readonly Told[], ttl = ttlMs): Promise<boolean> {
    let start = 0
    let areHeard = true
    do {
      const some = all.slice(start, start + asksAtOnce)
      const asks = some.map(({ ask }) => ask)
      const exchange = this.#line.exchangeNow(
        asks,
        (ask, answer, now) => some[asks.indexOf(ask)]?.counter.apply(ask, answer, now),
        ttl,
      )
      for (const { counter } of some) counter.join(exchange)
      areHeard = (await exchange) && areHeard
      start += asksAtOnce
    } while (start < all.length)
    return areHeard
  }

  async #leave(): Promise<void> {
    await this.#telling
    for (const counter of this.#awake) await counter.asking
    for (const counter of this.#awake) counter.handBack()
    if (this.#line.heardAt === -Infinity) return
    this.isTold = await this.#exchange(this.#collect(this.#line.now(), Infinity), 0)
  }
}

interface Told {
  readonly counter: LeasedCounter
  readonly ask: LedgerAsk
}
