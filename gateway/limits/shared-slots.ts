import type { SlotNotice } from './slot-ledger.ts'
import type { Slots, SlotSharing } from './slots.ts'

/** A place is used for at least so long before it goes to another process that waits. */
const turnMs = 200
/** A wish is repeated for as long as it holds; one not heard for so long is over. */
const wishMs = 1_500
/** How long it counts that others had nothing to spare; twice as long each time it happens again. */
const refusedMs = 1_000
const longestRefusedMs = 8_000
/** How soon a wish that was not fulfilled is told again. */
export const repeatMs = 200
/** How soon after it was in vain the even share is asked for again. */
const shareAgainMs = 10_000
/** How long a wish may take before others count as having nothing to spare. */
const recallMs = 300
/** How long others are looked to for a place where nobody may queue; longer before the first contact. */
const lookMs = 500
const firstLookMs = 2_000

interface Wish {
  readonly wanted: number
  readonly held: number
  readonly heardAt: number
}

/** One deployment's places as this process holds them among others, and what others wish of them. */
export class SharedSlots implements SlotSharing {
  readonly slots: Slots
  lookMs = firstLookMs
  #evenShare = 0
  /** Idle places beyond the even share go back, because there are more processes now. */
  #isTooMany = false
  readonly #wishes = new Map<string, Wish>()
  readonly #wake: () => void
  readonly #now: () => number
  /** Places that the ledger has down for this process, and those of them that count under the total. */
  #owned = 0
  #usable = 0
  /** Of these, the places that are another's as soon as the ledger is told. */
  #leaving = 0
  #gotAt = 0
  #nextAskAt = -Infinity
  #nextShareAt = -Infinity
  #wishedAt: number | undefined
  #refusedUntil = -Infinity
  #refusedMs = 0

  constructor(slots: Slots, wake: () => void, now: () => number) {
    this.slots = slots
    this.#wake = wake
    this.#now = now
  }

  onShort(): void {
    // A wish that is told already is repeated in time.
    if (this.#wishedAt === undefined) this.#wake()
  }

  elsewhere(now: number): number {
    return now < this.#refusedUntil ? 0 : Math.max(0, this.slots.total - this.slots.capacity)
  }

  mustPassOn(heldMs: number): boolean {
    const now = this.#now()
    const wish = this.#strongestWish(now)
    if (!wish) return false
    const isTurnOver = heldMs >= turnMs || now - this.#gotAt >= turnMs
    const isNeeded = this.slots.waiting > 0
    if (isNeeded && !(isTurnOver && wish.held < this.#kept)) return false
    this.#grantWish(wish)
    this.#leaving += 1
    this.#wake()
    return true
  }

  /** What the ledger says this process holds. What is in use stays in use. */
  hold(owned: number, usable: number): void {
    this.#owned = owned
    this.#change(usable - this.#usable)
  }

  /** Places that this process has just been given. */
  add(count: number): void {
    this.#owned += count
    this.#change(count)
    const now = this.#now()
    if (this.lack > 0 && this.#wishedAt !== undefined && now - this.#wishedAt > recallMs) {
      this.#refuse(now)
    }
  }

  /** The ledger has answered, or will not. */
  markContact(): void {
    this.lookMs = lookMs
  }

  /** The even share of one process: what it should have while nobody asks. */
  setShare(evenShare: number): void {
    if (evenShare < this.#evenShare) this.#isTooMany = true
    if (evenShare !== this.#evenShare) this.#nextShareAt = -Infinity
    this.#evenShare = evenShare
  }

  hear(notice: SlotNotice): void {
    if (notice.kind === 'freed') {
      this.#refusedUntil = -Infinity
      this.#nextAskAt = -Infinity
      this.#nextShareAt = -Infinity
    } else this.#wishes.set(notice.from, { ...notice, heardAt: this.#now() })
  }

  /** Places that this process lacks for those who have one and those who wait. */
  get lack(): number {
    const { busy, waiting, total } = this.slots
    return Math.max(0, Math.min(total, busy + waiting) - this.#kept)
  }

  /** How many places to ask the ledger for now, and whether callers wait for them; undefined: none. */
  nextAsk(): { readonly wanted: number; readonly isUrgent: boolean } | undefined {
    const now = this.#now()
    const { lack } = this
    if (lack > 0) {
      if (now < this.#nextAskAt) return undefined
      this.#nextAskAt = now + repeatMs
      this.#wishedAt ??= now
      return { wanted: Math.max(lack, this.#evenShare - this.#kept), isUrgent: true }
    }
    const wanted = this.#evenShare - this.#kept
    if (wanted <= 0 || now < this.#nextShareAt) return undefined
    this.#nextShareAt = now + shareAgainMs
    return { wanted, isUrgent: false }
  }

  /** Ends a wish that nobody has any more. True: the ledger has to be told. */
  endWish(): boolean {
    if (this.#wishedAt === undefined || this.lack > 0) return false
    this.#wishedAt = undefined
    this.#nextAskAt = -Infinity
    return true
  }

  #refuse(now: number): void {
    if (now >= this.#refusedUntil) {
      this.#refusedMs = Math.min(longestRefusedMs, this.#refusedMs * 2 || refusedMs)
    }
    this.#refusedUntil = now + this.#refusedMs
  }

  get held(): number {
    return this.#kept
  }

  /** The places to give back now, those passed on and idle ones that others wish for. They are not used any more. */
  takeLeaving(): number {
    const beyond = Math.max(0, this.#owned - Math.max(this.#usable, this.slots.busy))
    const leaving = this.#leaving + this.#spare()
    this.#leaving = 0
    this.#owned -= leaving + beyond
    this.#change(-leaving)
    return leaving + beyond
  }

  /** Every place, because the deployment is gone. */
  takeAll(): number {
    const all = this.#owned
    this.#owned = 0
    this.#leaving = 0
    this.#change(-this.#usable)
    return all
  }

  get #kept(): number {
    return Math.max(0, this.#usable - this.#leaving)
  }

  #change(by: number): void {
    if (by > 0) {
      this.#gotAt = this.#now()
      this.#refusedUntil = -Infinity
      this.#refusedMs = 0
    }
    this.#usable += by
    this.slots.grant(this.#kept)
  }

  // All that is wished for, and beyond that what is more than an even share.
  #spare(): number {
    if (this.slots.waiting > 0) return 0
    const wishes = this.#openWishes(this.#now())
    const wished = wishes.reduce((sum, { wanted }) => sum + wanted, 0)
    if (wished === 0 && !this.#isTooMany) return 0
    this.#isTooMany = false
    const idle = Math.max(0, this.#kept - this.slots.busy)
    const spare = Math.min(idle, Math.max(wished, this.#kept - this.#evenShare))
    if (spare > 0) this.#wishes.clear()
    return spare
  }

  #openWishes(now: number): Wish[] {
    for (const [from, { heardAt }] of this.#wishes) {
      if (now - heardAt > wishMs) this.#wishes.delete(from)
    }
    return [...this.#wishes.values()]
  }

  #strongestWish(now: number): Wish | undefined {
    if (this.#wishes.size === 0) return undefined
    let strongest: Wish | undefined
    for (const wish of this.#openWishes(now)) {
      if (!strongest || wish.held < strongest.held) strongest = wish
    }
    return strongest
  }

  // One place is on its way there; what else it wishes for it will say again.
  #grantWish(wish: Wish): void {
    for (const [from, one] of this.#wishes) {
      if (one !== wish) continue
      if (wish.wanted <= 1) this.#wishes.delete(from)
      else this.#wishes.set(from, { ...wish, wanted: wish.wanted - 1, held: wish.held + 1 })
    }
  }
}
