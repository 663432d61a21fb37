import { CalendarSlice } from './calendar-slice.ts'
import type { Counter, CounterSpec, CounterState, Taken } from './counter.ts'
import { createSlice, ledgerKeyOf } from './create-slice.ts'
import type { LedgerAnswer, LedgerAsk } from './ledger.ts'
import type { LedgerLine } from './ledger-line.ts'
import { Rate } from './rate.ts'
import { RollingSlice } from './rolling-slice.ts'
import type { Slice } from './slice.ts'

/** Unused for so long, a slice is handed back. */
const idleMs = 5000
/** What is known of the ledger is asked anew after so long. */
const staleMs = 10_000
/** While calls come: in an outage a share is as true as what was known last. */
const livelyMs = 900
/** Of windows that are over so long the ledger takes no more. */
const overMs = 3_600_000
/** Pauses while other processes hand back their idle slices: 1.3 seconds in all. */
const recallPausesMs = [5, 10, 20, 40, 80, 160, 200, 200, 300, 300]
const mostRounds = 40
/** Smaller ones are not worth asking for before they are needed. */
const smallestSlice = 4

/** A call that waits for the ledger. */
interface Waiter {
  readonly amount: number
}

/** What a process has used of a window whose counter it forgets. */
export type LeftBehind = Pick<CalendarSlice, 'key' | 'startMs' | 'endMs' | 'used'>

/** A counter of which this process leases slices, and takes from them in memory. */
export class LeasedCounter implements Counter {
  readonly #line: LedgerLine
  readonly #rate = new Rate()
  readonly #waiting = new Set<Waiter>()
  #spec: CounterSpec
  #ledgerKey: string
  /** Those of windows that are over have calls running on them, or something to tell. */
  #slices: (CalendarSlice | RollingSlice)[] = []
  #slice: CalendarSlice | RollingSlice
  #asking: Promise<boolean> | undefined
  /** The least that was refused, until more is there. */
  #refused = Infinity
  /** When the oldest use of a rolling window stops counting, by the ledger's clock: then there is more. */
  #refusedUntilMs = Infinity
  /** A new lease is asked for in the background below this. */
  #lowWater = 0
  #takenAt = -Infinity
  /** When something was last wanted of it, given or not. */
  #wantedAt = -Infinity
  /** The largest amount taken of late. */
  #largest = 0
  #isResting = true

  constructor(spec: CounterSpec, line: LedgerLine) {
    this.#spec = spec
    this.#ledgerKey = ledgerKeyOf(spec)
    this.#line = line
    this.#slice = this.#sliceAt(line.wall(line.now()))
  }

  get spec(): CounterSpec {
    return this.#spec
  }

  state(now: number): CounterState {
    const wallMs = this.#line.wall(now)
    const slice = this.#at(wallMs)
    const remaining = Math.min(slice.remaining, this.#refused - 1)
    if (slice instanceof CalendarSlice) return { remaining, resetsInMs: slice.endMs - wallMs }
    const freesAtMs = slice.freesAtMs ?? slice.told?.freesAtMs ?? wallMs
    return { remaining, resetsInMs: Math.max(0, freesAtMs - wallMs) }
  }

  /** Used of the running window by anybody, as far as known here; what calls hold of it is not among that. */
  used(now: number): number {
    return this.#current(now).usedByAll
  }

  /** Start of the running window, Unix milliseconds; 0: a rolling one, or for ever. */
  startsAtMs(now: number): number {
    return this.#current(now).startMs
  }

  tryTake(amount: number, now: number): Taken | undefined {
    const wallMs = this.#line.wall(now)
    const slice = this.#at(wallMs)
    this.#wantedAt = now
    if (this.#isResting) this.#wake()
    if (slice.free < amount || this.#hasLapsed(slice, now)) return undefined
    this.#rate.add(amount, now)
    this.#takenAt = now
    // Falls slowly, so that it is known how much a large one takes.
    this.#largest = Math.max(amount, this.#largest - this.#largest / 64)
    const taken = slice.take(amount, wallMs)
    if (!this.#asking && this.#isLow(slice)) void this.#ask()
    return taken
  }

  async take(amount: number): Promise<Taken | undefined> {
    if (amount > this.#spec.amount) return undefined
    const waiter = { amount }
    try {
      return await this.#takeByLedger(waiter)
    } finally {
      this.#waiting.delete(waiter)
    }
  }

  learn(
    told: { readonly remaining: number; readonly resetsInMs?: number | undefined },
    now: number,
  ): void {
    const wallMs = this.#line.wall(now)
    const slice = this.#at(wallMs)
    const windowEndMs =
      this.#spec.window.kind === 'rolling' ? wallMs + this.#spec.window.periodMs : slice.endMs
    const untilMs = Math.min(windowEndMs, wallMs + (told.resetsInMs ?? Infinity))
    slice.learn(Math.max(0, told.remaining), untilMs)
  }

  /** Goes on by another spec of the same key. */
  change(spec: CounterSpec): void {
    if (JSON.stringify(spec) === JSON.stringify(this.#spec)) return
    const before = this.#ledgerKey
    this.#spec = spec
    this.#ledgerKey = ledgerKeyOf(spec)
    this.#refused = Infinity
    if (this.#ledgerKey === before) return this.#slice.resize(spec.amount)
    this.#slice.handBack()
    this.#slice = this.#sliceAt(this.#line.wall(this.#line.now()))
  }

  /** Whether the ledger need not hear of it any more, nor it of the ledger, until something is taken again. */
  mayRest(now: number): boolean {
    if (this.#spec.mayRest !== true || this.#asking || this.#waiting.size > 0) return false
    if (now - this.#wantedAt < idleMs) return false
    const isAlone = this.#line.state() === 'none'
    return this.#slices.every(
      (slice) => slice.reserved === 0 && (isAlone || (!slice.isUntold && slice.free <= 0)),
    )
  }

  /** Nobody tells of it any more; what it knows of the ledger grows old. */
  rest(): void {
    this.#isResting = true
    this.#refused = Infinity
    this.#slices = [this.#slice]
  }

  /** What must be remembered of it where it is forgotten; undefined: more than one number of a window that runs. */
  leftBehind(now: number): readonly LeftBehind[] | undefined {
    if (!this.#isResting || !this.mayRest(now)) return undefined
    const current = this.#current(now)
    if (current.takenHere === 0) return []
    return current instanceof CalendarSlice && !current.isSelfGranted ? [current] : undefined
  }

  /** Gives back what no call holds, where another process asks for it or nothing needs it here. */
  handBack(): void {
    for (const slice of this.#slices) slice.handBack()
    this.#lowWater = 0
  }

  /** Whether this process has a lease to keep alive. */
  get isLeasing(): boolean {
    return this.#slices.some((slice) => !slice.isSelfGranted && slice.free + slice.reserved > 0)
  }

  /** The ledger's name of it. */
  get ledgerKey(): string {
    return this.#ledgerKey
  }

  /** The round trip under way. */
  get asking(): Promise<boolean> | undefined {
    return this.#asking
  }

  /** What the ledger should hear now; empty while it is being asked. */
  toTell(now: number): LedgerAsk[] {
    if (this.#asking) return []
    const current = this.#current(now)
    this.#dropOver(this.#line.wall(now))
    if (now - this.#takenAt > idleMs && this.#waiting.size === 0) this.handBack()
    const isEmpty = this.#refused < Infinity || current.remaining === 0
    const isLively = now - this.#takenAt < idleMs
    const freshMs = isEmpty ? 0 : isLively ? livelyMs : staleMs
    const isStale = now - current.toldAt > freshMs
    return this.#slices
      .filter((slice) => slice.isUntold || (slice === current && isStale))
      .map((slice) => this.#askOf(slice, false))
  }

  /** Is told of a round trip that others share. */
  join(exchange: Promise<boolean>): void {
    this.#asking ??= exchange.finally(() => {
      this.#asking = undefined
    })
  }

  apply(ask: LedgerAsk, answer: LedgerAnswer, now: number): void {
    const slice = this.#slices.find(
      ({ key, startMs }) => key === answer.key && startMs === answer.startsAtMs,
    )
    if (!slice) return
    slice.apply(ask, answer, now)
    if (slice !== this.#slice) return
    if (answer.isRecalled && this.#waiting.size === 0 && slice.free > 0) {
      this.handBack()
      this.#line.hurry()
    } else {
      const ahead = slice.free - ask.needs
      this.#lowWater = ahead >= smallestSlice ? ahead / 2 : 0
    }
    if (slice.free + answer.headroom >= this.#refused) this.#refused = Infinity
  }

  async #takeByLedger(waiter: Waiter): Promise<Taken | undefined> {
    const { amount } = waiter
    const { now, pause } = this.#line
    await this.#line.awaitFirstContact()
    let pauses = 0
    for (let round = 0; round < mostRounds; round += 1) {
      const taken = this.#tryFor(waiter)
      if (taken) return taken
      if (amount >= this.#refused) return undefined
      if (!(await this.#ask())) return this.#tryFor(waiter) ?? this.#takeWithoutLedger(amount)
      const late = this.#tryFor(waiter)
      if (late) return late
      const { told, free } = this.#current(now())
      if (!told?.isOpen) {
        await pause(2)
        continue
      }
      const within = Math.max(0, free) + told.headroom
      if (within >= amount) continue
      const pauseMs = recallPausesMs[pauses]
      if (pauseMs === undefined || within + told.elsewhere < amount) break
      pauses += 1
      await pause(pauseMs)
    }
    this.#refused = Math.min(this.#refused, amount)
    this.#refusedUntilMs = this.#slice.told?.freesAtMs ?? Infinity
    return undefined
  }

  #wake(): void {
    this.#isResting = false
    this.#line.wake(this)
  }

  // Asked for while nobody waits: below the low water mark, or where the next large request would have to wait.
  #isLow(slice: Slice): boolean {
    if (slice.free < this.#lowWater) return true
    return slice.free < this.#largest && this.#spare(slice) > 0
  }

  /** What may be leased beside what is asked for, nobody being short of it. */
  #spare({ told }: Slice): number {
    if (this.#spec.keepsSpare !== true || told === undefined) return 0
    const spare = Math.ceil(this.#largest)
    return told.headroom >= 8 * Math.max(1, told.replicas) * spare ? spare : 0
  }

  #tryFor(waiter: Waiter): Taken | undefined {
    this.#waiting.delete(waiter)
    const taken = this.tryTake(waiter.amount, this.#line.now())
    if (!taken) this.#waiting.add(waiter)
    return taken
  }

  // Calls must not fail for want of a database: a share of what was left last goes on, where the spec allows.
  #takeWithoutLedger(amount: number): Taken | undefined {
    const slice = this.#current(this.#line.now())
    if (this.#spec.onOutage === 'deny' || slice.isSelfGranted) return undefined
    const { told } = slice
    const replicas = Math.max(1, told?.replicas ?? this.#line.replicas)
    const share = Math.floor(this.#spec.amount / replicas) - slice.takenHere
    const isKnown = told !== undefined && slice instanceof CalendarSlice
    const left = isKnown ? Math.floor(told.headroom / replicas) : share - Math.max(0, slice.free)
    slice.grantItself(Math.max(0, left))
    return this.tryTake(amount, this.#line.now())
  }

  /** One round trip about this counter; false: the ledger is away. */
  #ask(): Promise<boolean> {
    if (this.#asking) return this.#asking
    // A turn of the loop later all that wait now are in it.
    const exchange = Promise.resolve().then(async () => {
      const current = this.#current(this.#line.now())
      const asks = this.#slices
        .filter((slice) => slice === current || slice.isUntold)
        .map((slice) => this.#askOf(slice, slice === current))
      return this.#line.exchange(asks, (ask, answer, now) => this.apply(ask, answer, now))
    })
    this.join(exchange)
    return exchange
  }

  #askOf(slice: Slice, isForMore: boolean): LedgerAsk {
    const { amount, releaseUnsettledAfterMs } = this.#spec
    const amounts = isForMore ? [...this.#waiting].map((one) => one.amount) : []
    const inHand = Math.max(0, slice.free)
    const ahead = isForMore ? Math.ceil(2 * this.#rate.perSecond(this.#line.now())) : 0
    const spare = isForMore ? this.#spare(slice) : 0
    const needs = amounts.reduce((sum, one) => sum + one, 0) + spare
    return {
      amount,
      ...slice.toAsk(),
      ...slice.shape,
      releaseAfterMs: releaseUnsettledAfterMs,
      wants:
        amounts.length > 0
          ? Math.max(1, Math.min(...amounts) - inHand)
          : Math.max(0, spare - inHand),
      needs: Math.max(0, needs - inHand),
      ahead,
    }
  }

  #current(now: number): CalendarSlice | RollingSlice {
    return this.#at(this.#line.wall(now))
  }

  #at(wallMs: number): CalendarSlice | RollingSlice {
    if (wallMs < this.#slice.startMs || wallMs >= this.#slice.endMs) {
      this.#slice = this.#sliceAt(wallMs)
    }
    this.#slice.roll(wallMs)
    if (wallMs >= this.#refusedUntilMs) {
      this.#refused = Infinity
      this.#refusedUntilMs = Infinity
    }
    return this.#slice
  }

  #sliceAt(wallMs: number): CalendarSlice | RollingSlice {
    this.#refused = Infinity
    this.#lowWater = 0
    const slice = createSlice(this.#spec, wallMs, this.#line.usedBefore)
    const known = this.#slices.find(
      ({ key, startMs }) => key === slice.key && startMs === slice.startMs,
    )
    if (known) return known
    if (this.#line.state() === 'none') slice.grantItself(this.#spec.amount - slice.takenHere)
    this.#slices.push(slice)
    return slice
  }

  // What a silent process holds is no longer its own once it may count as free again for others.
  #hasLapsed(slice: Slice, now: number): boolean {
    const canLapse =
      slice instanceof RollingSlice || this.#spec.releaseUnsettledAfterMs !== undefined
    if (!canLapse || slice.isSelfGranted || now <= this.#line.validUntil) return false
    slice.handBack()
    return true
  }

  #dropOver(wallMs: number): void {
    const isAlone = this.#line.state() === 'none'
    this.#slices = this.#slices.filter((slice) => {
      if (slice === this.#slice) return true
      slice.handBack()
      const isDone = slice.reserved === 0 && (isAlone || !slice.isUntold)
      return !isDone && wallMs - Math.min(slice.endMs, wallMs) < overMs
    })
  }
}
