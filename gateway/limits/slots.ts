import type { QueueSettings } from '../../modules/module.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { FairQueue, type Waiter } from './fair-queue.ts'
import { outOfPatience, queueIsFull, waitedTooLong } from './slot-refusals.ts'

export interface SlotRules {
  /** Requests at once, for the whole module. */
  readonly total: number
  /** Absent: nobody waits for a place. */
  readonly queue?: QueueSettings | undefined
}

export interface SlotAsk {
  readonly flow: string
  /** Its share for its weight; 1 where it is not said. */
  readonly weight?: number | undefined
  /** Predicted; what fairness is measured in. */
  readonly tokens: number
  /** How long this caller can still wait, milliseconds. */
  readonly patienceMs: number
}

/** One place, taken. Given back once; a second time does nothing. */
export interface Slot {
  /** 0: it did not wait. */
  readonly queuedMs: number
  /** Its place in the queue when it came; 0: it did not wait. */
  readonly queuePosition: number
  /** Tokens that were really used put the account of its flow right. */
  release(usedTokens?: number): void
}

/** A place being waited for. */
export interface WaitingSlot {
  /** Undefined: there is none, or the caller has left. Rejects with `queue_full` or `caller_deadline`. */
  readonly slot: Promise<Slot | undefined>
  /** Ends the waiting at once. */
  leave(): void
}

/** Where places are shared with other processes: told what this one lacks, asked before it keeps one. */
export interface SlotSharing {
  /** Callers wait, or one was turned away, and all places of this process are taken. */
  onShort(): void
  /** Whether a place that has just become free goes to another process. It is no longer this one's then. */
  mustPassOn(heldMs: number): boolean
  /** Places that others may have to spare. */
  elsewhere(now: number): number
  /** How long a place is looked for in other processes where nobody may wait in a queue. */
  readonly lookMs: number
}

const firstGuessMs = 1_000
/** How much of the measured service time is the newest service. */
const newest = 0.2

interface Caller {
  readonly since: number
  readonly ask: SlotAsk
  readonly timer: NodeJS.Timeout
  done(slot: Slot | undefined): void
}

/** The places of one deployment as this process has them, and the callers that wait for one. */
export class Slots {
  #rules: SlotRules
  #capacity: number
  #sharing: SlotSharing | undefined
  #serviceMs: number | undefined
  #startedAt: number | undefined
  readonly #queue = new FairQueue<Caller>()
  readonly #now: () => number
  busy = 0
  /** Until when what was granted may be used; for ever where places are this process's own. */
  validUntil = Infinity

  constructor(rules: SlotRules, now: () => number) {
    this.#rules = withoutEmptyQueue(rules)
    this.#capacity = rules.total
    this.#now = now
  }

  /** Places of the whole module. */
  get total(): number {
    return this.#rules.total
  }

  /** Places this process may use now. */
  get capacity(): number {
    return this.#capacity
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** Callers that wait for a place; undefined: nobody may wait. */
  get queued(): number | undefined {
    return this.#rules.queue && this.#queue.length
  }

  /** Milliseconds until a place is likely to be free; undefined: one is. */
  slotMs(now: number): number | undefined {
    return this.free(now) > 0 ? undefined : Math.ceil(this.waitMs(now))
  }

  /** Places free here, or likely to be free in another process. */
  free(now: number): number {
    if (this.#queue.length > 0) return 0
    const here = Math.max(0, this.#capacity - this.busy)
    return here + (this.#sharing?.elsewhere(now) ?? 0)
  }

  /** Places are shared from now on, and only those granted are used; undefined: all are this process's own. */
  share(sharing: SlotSharing | undefined): void {
    if (this.#sharing === sharing) return
    this.#sharing = sharing
    this.validUntil = Infinity
    this.grant(sharing ? 0 : this.total)
  }

  /** The number of places this process may use from now on. Those taken beyond it are not taken again. */
  grant(capacity: number): void {
    this.#capacity = capacity
    this.#serveWaiting()
  }

  /** The document has changed. */
  change(rules: SlotRules): void {
    this.#rules = withoutEmptyQueue(rules)
    if (!this.#sharing) this.grant(rules.total)
  }

  /** A place, where one is free here. */
  tryTake(now: number): Slot | undefined {
    if (this.busy >= this.#capacity || this.#queue.length > 0 || now > this.validUntil) {
      return undefined
    }
    return this.#take(now, undefined)
  }

  /** A place when one becomes free; turns of different flows are fair. */
  wait(ask: SlotAsk, now: number): WaitingSlot {
    const { queue } = this.#rules
    if (queue && this.#queue.length >= queue.maxLength) {
      const full = queueIsFull(queue, this.total, this.waitMs(now))
      return { slot: Promise.reject(full), leave: () => undefined }
    }
    if (!queue && !this.#sharing) return nowhere
    const waiting = this.#enter(ask, now)
    this.#sharing?.onShort()
    return waiting
  }

  /** Milliseconds until one who comes now would be served, as far as can be told. */
  waitMs(now: number): number {
    const running = this.#startedAt === undefined ? 0 : now - this.#startedAt
    const serviceMs = this.#serviceMs ?? Math.max(firstGuessMs, running)
    return (serviceMs * (this.#queue.length + 1)) / Math.max(1, this.#capacity)
  }

  #enter(ask: SlotAsk, now: number): WaitingSlot {
    const { promise, resolve, reject } = Promise.withResolvers<Slot | undefined>()
    const longestMs = Math.max(
      0,
      Math.min(this.#rules.queue?.maxWaitMs ?? this.#sharing?.lookMs ?? 0, ask.patienceMs),
    )
    const giveUp = (): void => {
      if (!this.#queue.remove(waiter)) return
      const failure = this.#failureAfter(longestMs, ask)
      if (failure) reject(failure)
      else resolve(undefined)
    }
    const timer = setTimeout(giveUp, longestMs)
    const caller: Caller = { since: now, ask, timer, done: resolve }
    const { flow, weight, tokens: cost } = ask
    const waiter: Waiter<Caller> = this.#queue.push(caller, { flow, weight, cost })
    const leave = (): void => {
      if (!this.#queue.remove(waiter)) return
      clearTimeout(timer)
      resolve(undefined)
    }
    return { slot: promise, leave }
  }

  #serveWaiting(): void {
    while (this.busy < this.#capacity) {
      const now = this.#now()
      if (now > this.validUntil) return
      const waiter = this.#queue.shift()
      if (!waiter) return this.#queue.forget()
      clearTimeout(waiter.value.timer)
      waiter.value.done(this.#take(now, waiter))
    }
  }

  #take(now: number, waiter: Waiter<Caller> | undefined): Slot {
    this.busy += 1
    this.#startedAt ??= now
    return new TakenSlot(now, waiter, this.#giveBack)
  }

  readonly #giveBack: GiveBack = (takenAt, waiter, usedTokens) => {
    if (waiter) this.#queue.settle(waiter, usedTokens)
    const heldMs = this.#now() - takenAt
    this.busy -= 1
    this.#measure(heldMs)
    if (this.#sharing && this.busy < this.#capacity && this.#sharing.mustPassOn(heldMs)) {
      this.#capacity -= 1
    }
    this.#serveWaiting()
  }

  #measure(heldMs: number): void {
    // Taken and not used after all.
    if (heldMs < 1) return
    const before = this.#serviceMs
    this.#serviceMs = before === undefined ? heldMs : before + newest * (heldMs - before)
  }

  #failureAfter(waitedMs: number, { patienceMs }: SlotAsk): GatewayError | undefined {
    const { queue } = this.#rules
    const waitMs = this.waitMs(this.#now())
    if (waitedMs >= patienceMs) return outOfPatience(patienceMs, waitMs)
    return queue && waitedTooLong(queue, this.#queue.length, waitMs)
  }
}

const nowhere: WaitingSlot = { slot: Promise.resolve(undefined), leave: () => undefined }

type GiveBack = (takenAt: number, waiter: Waiter<Caller> | undefined, usedTokens?: number) => void

class TakenSlot implements Slot {
  readonly #takenAt: number
  readonly #waiter: Waiter<Caller> | undefined
  #giveBack: GiveBack | undefined

  constructor(takenAt: number, waiter: Waiter<Caller> | undefined, giveBack: GiveBack) {
    this.#takenAt = takenAt
    this.#waiter = waiter
    this.#giveBack = giveBack
  }

  get queuedMs(): number {
    return this.#waiter ? this.#takenAt - this.#waiter.value.since : 0
  }

  get queuePosition(): number {
    return this.#waiter?.position ?? 0
  }

  release(usedTokens?: number): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.(this.#takenAt, this.#waiter, usedTokens)
  }
}

function withoutEmptyQueue({ total, queue }: SlotRules): SlotRules {
  return queue?.maxLength === 0 ? { total } : { total, queue }
}
