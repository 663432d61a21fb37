import type { Taken } from './counter.ts'
import type { LedgerAnswer, LedgerAsk } from './ledger.ts'
import type { Stretch } from './window.ts'

/** Uses that stop counting together. */
export interface Bucket {
  readonly atMs: number
  used: number
  /** Its total in the last ask. */
  sent: number
  /** Its total as the ledger has it. */
  told: number
  isOver: boolean
}

/** What the owner of an amount said is left, and what was not reported then. */
interface Learned {
  readonly remaining: number
  readonly untilMs: number
  readonly unreported: number
}

// Of the whole process: a slice that was forgotten and made anew speaks later than the one before it.
let turns = 0

/** What one process has of one window of a counter: free to take, reserved by calls, used. */
export abstract class Slice {
  /** The ledger's name of the counter. */
  readonly key: string
  readonly startMs: number
  readonly endMs: number
  free = 0
  /** Reserved and in no lease, after an outage for instance. */
  uncovered = 0
  /** Granted by the process itself: there is no ledger, or it is away. */
  isSelfGranted = false
  /** As configured. */
  amount: number
  /** What the ledger said last, and when by the process's clock. */
  told: LedgerAnswer | undefined
  toldAt = -Infinity
  #turn = 0
  /** The last turn that was answered: of one that was not, nobody knows what it was granted. */
  #heardTurn = 0
  /** How often something was handed back, and how much of that the ledger knows. */
  readonly #handedBack = { times: 0, asked: 0, told: 0 }
  /** What had been learnt when the ledger was asked last. */
  #asked: Learned | undefined
  #withheld = 0
  #withheldUntilMs = -Infinity
  #learned: Learned | undefined
  /** Taken here and not known to the ledger. */
  protected unreported = 0

  constructor(key: string, { startMs, endMs }: Stretch, amount: number) {
    this.key = key
    this.startMs = startMs
    this.endMs = endMs
    this.amount = amount
  }

  /** Takes from what is free; the caller has looked. */
  abstract take(amount: number, wallMs: number): Taken
  /** Reserved by running calls and counted nowhere else. */
  abstract readonly reserved: number
  /** Taken by this process and still counted. */
  abstract readonly takenHere: number
  /** How the ledger counts the window. */
  abstract readonly shape: Pick<LedgerAsk, 'endsAtMs' | 'stepMs' | 'keptMs'>
  protected abstract readonly buckets: readonly Bucket[]
  /** Lets go of what counts no more; `free` is right after it. */
  roll(wallMs: number): void {
    if (this.#withheld === 0 || wallMs < this.#withheldUntilMs) return
    this.free += this.#withheld
    this.#withheld = 0
  }

  /** May be taken by anybody, as far as known here. */
  get remaining(): number {
    if (this.isSelfGranted) return Math.max(0, this.free)
    if (!this.told) return Math.max(0, this.amount - this.takenHere)
    return Math.max(0, this.free, this.told.remaining - this.unreported)
  }

  /** Used by anybody, as far as known here; what calls hold of it is not among that. */
  get usedByAll(): number {
    const { told } = this
    if (this.isSelfGranted || !told) return this.takenHere - this.reserved
    return Math.max(0, told.amount - told.remaining + this.unreported - this.reserved)
  }

  /** Whether the ledger does not know all of it yet. */
  get isUntold(): boolean {
    const { times, told: known } = this.#handedBack
    const isNew =
      this.isSelfGranted ||
      this.#turn !== this.#heardTurn ||
      times !== known ||
      this.#learned !== undefined
    return isNew || this.buckets.some(({ used, told }) => used !== told)
  }

  grantItself(amount: number): void {
    this.free += amount
    this.isSelfGranted = true
  }

  /** Gives up what is free. */
  handBack(): void {
    if (this.free <= 0 || this.isSelfGranted) return
    this.free = 0
    this.#handedBack.times += 1
  }

  /** The amount was changed. */
  resize(amount: number): void {
    if (this.isSelfGranted) this.free += amount - this.amount
    this.amount = amount
  }

  /** No more than this is left, whoever used the rest. */
  learn(remaining: number, untilMs: number): void {
    // What others hold may be used by now and need not be news: the ledger tells them apart.
    const known = this.isSelfGranted ? this.free : this.free + (this.told?.headroom ?? Infinity)
    if (remaining > 0 && remaining >= known) return
    const before = this.#learned
    this.#learned = {
      remaining: Math.min(remaining, before?.remaining ?? Infinity),
      untilMs: Math.max(untilMs, before?.untilMs ?? 0),
      unreported: this.unreported,
    }
    const cut = Math.max(0, this.free - remaining)
    this.free -= cut
    if (this.isSelfGranted) {
      this.#withheld += cut
      this.#withheldUntilMs = Math.max(this.#withheldUntilMs, untilMs)
    } else if (this.told) {
      const headroom = Math.min(this.told.headroom, remaining - this.free)
      this.told = { ...this.told, headroom, remaining: remaining + this.unreported }
    }
  }

  /** What the ledger is to be told of it. */
  toAsk(): Pick<
    LedgerAsk,
    'key' | 'startsAtMs' | 'turn' | 'used' | 'holds' | 'reserved' | 'learned'
  > {
    const used: (readonly [number, number])[] = []
    for (const bucket of this.buckets) {
      bucket.sent = bucket.used
      if (bucket.used !== bucket.told) used.push([bucket.atMs, bucket.used])
    }
    const { key, reserved, startMs } = this
    const holds = reserved + Math.max(0, this.free)
    turns += 1
    this.#turn = turns
    this.#asked = this.#learned
    this.#handedBack.asked = this.#handedBack.times
    const learned = this.#learned && this.#toTell(this.#learned)
    return { key, startsAtMs: startMs, turn: this.#turn, used, holds, reserved, learned }
  }

  // What was taken since it was learnt is not left any more.
  #toTell({ remaining, untilMs, unreported }: Learned): LedgerAsk['learned'] {
    const since = Math.max(0, this.unreported - unreported)
    return { remaining: Math.max(0, remaining - since), untilMs }
  }

  /** Takes over what the ledger answered to an ask. */
  apply(ask: LedgerAsk, answer: LedgerAnswer, now: number): void {
    if (answer.isStale || ask.turn !== this.#turn) return
    this.#heardTurn = this.#turn
    const lost = ask.holds - answer.held
    const fromFree = Math.min(lost, Math.max(0, this.free))
    this.uncovered += lost - fromFree
    this.free = Math.max(0, this.free) - fromFree + answer.granted
    this.isSelfGranted = false
    this.#handedBack.told = this.#handedBack.asked
    this.#withheld = 0
    if (this.#asked === this.#learned) this.#learned = undefined
    for (const bucket of this.buckets) this.#markTold(bucket)
    this.told = answer
    this.toldAt = now
  }

  #markTold(bucket: Bucket): void {
    this.unreported -= bucket.sent - bucket.told
    bucket.told = bucket.sent
  }
}

/** An empty bucket. */
export function createBucket(atMs: number): Bucket {
  return { atMs, used: 0, sent: 0, told: 0, isOver: false }
}
