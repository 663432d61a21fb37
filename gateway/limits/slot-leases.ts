import { repeatMs, SharedSlots } from './shared-slots.ts'
import type { SlotLedger } from './slot-ledger.ts'
import type { Slots } from './slots.ts'

const leaseMs = 5_000
const renewEveryMs = 1_000
/** After an outage other processes may be as late as this one: nobody's places are taken as lost for so long. */
const graceMs = 20_000
/** How long the first contact is waited for before a process counts for itself. */
const firstContactMs = 1_500

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/**
 * Shares the places of this process's deployments with the other processes of the module: leases them from the
 * ledger, renews all leases in one statement a second, fetches what is lacked and hands on what others lack.
 */
export class SlotLeases {
  readonly #ledger: SlotLedger
  readonly #now: () => number
  readonly #log: Log
  readonly #isStrict: () => boolean
  readonly #shared = new Map<string, SharedSlots>()
  readonly #gone = new Map<string, SharedSlots>()
  readonly #startedAt: number
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined
  #isHurried = false
  #isClosed = false
  #renewedAt = -Infinity
  #contact: 'none yet' | 'in touch' | 'lost' = 'none yet'
  #heardAt = -Infinity
  /** The end of the last outage. */
  #backAt = -Infinity

  /** `isStrict`: out of touch a process goes on with the places that it holds, be it none. */
  constructor(
    ledger: SlotLedger,
    now: () => number,
    log: Log,
    isStrict: () => boolean = () => false,
  ) {
    this.#isStrict = isStrict
    this.#ledger = ledger
    this.#now = now
    this.#log = log
    this.#startedAt = now()
    ledger.onNotice((notice) => {
      const shared = this.#shared.get(notice.key)
      if (!shared) return
      shared.hear(notice)
      if (notice.kind === 'wanted' || shared.lack > 0) this.#wake()
    })
  }

  /** Shares these places from now on. */
  add(key: string, slots: Slots): void {
    const shared = new SharedSlots(slots, this.#wake, this.#now)
    this.#shared.set(key, shared)
    if (this.#ledger.state !== undefined) slots.share(shared)
    this.#renewedAt = -Infinity
    this.#wake()
  }

  /** The deployment is gone: its places are given back. */
  remove(key: string): void {
    const shared = this.#shared.get(key)
    if (!shared) return
    this.#shared.delete(key)
    this.#gone.set(key, shared)
    this.#wake()
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
    await this.#ledger.close()
  }

  readonly #wake = (): void => {
    this.#schedule(0)
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return
    if (this.#turn) {
      this.#isHurried ||= delayMs === 0
      return
    }
    clearTimeout(this.#timer)
    if (delayMs === 0) return this.#takeTurn()
    this.#timer = setTimeout(() => this.#takeTurn(), delayMs)
    this.#timer.unref()
  }

  #takeTurn(): void {
    this.#turn = this.#exchange().then((delayMs) => {
      this.#turn = undefined
      const isHurried = this.#isHurried
      this.#isHurried = false
      if (this.#shared.size > 0 || this.#gone.size > 0) this.#schedule(isHurried ? 0 : delayMs)
    })
  }

  /** One turn: renew when it is time, hand on, fetch. Gives the time until the next. */
  async #exchange(): Promise<number> {
    // What one tick of the loop asks for goes out together.
    await Promise.resolve()
    const { state } = this.#ledger
    if (state === undefined) return this.#countAlone()
    if (state === 'away') return this.#loseTouch('it is not connected')
    try {
      if (this.#now() - this.#renewedAt >= renewEveryMs) await this.#renew()
      for (const [key, shared] of this.#gone) await this.#handBack(key, shared.takeAll())
      this.#gone.clear()
      for (const [key, shared] of this.#shared) await this.#handBack(key, shared.takeLeaving())
      let isLacking = false
      for (const [key, shared] of this.#shared) {
        if (await this.#fetch(key, shared)) isLacking = true
      }
      const untilRenewal = this.#renewedAt + renewEveryMs - this.#now()
      return Math.max(1, isLacking ? Math.min(repeatMs, untilRenewal) : untilRenewal)
    } catch (error) {
      // Once is chance; what became of it the next renewal tells.
      const isChance = this.#contact === 'in touch' && this.#now() - this.#heardAt < leaseMs / 2
      if (!isChance) this.#loseTouch(error instanceof Error ? error.message : String(error))
      this.#renewedAt = -Infinity
      return isChance ? repeatMs : renewEveryMs
    }
  }

  async #renew(): Promise<void> {
    const askedAt = this.#now()
    const places = [...this.#shared].map(([key, { slots }]) => ({ key, total: slots.total }))
    const areOthersJudged = askedAt - this.#backAt > graceMs && this.#contact !== 'lost'
    const { holders, held, wishes } = await this.#ledger.renew(places, { leaseMs, areOthersJudged })
    this.#renewedAt = this.#heardAt = askedAt
    this.#keepTouch(askedAt)
    for (const [key, shared] of this.#shared) {
      const { owned, usable } = held.get(key) ?? { owned: 0, usable: 0 }
      shared.markContact()
      shared.slots.share(shared)
      shared.setShare(Math.floor(shared.slots.total / Math.max(1, holders)))
      shared.slots.validUntil = askedAt + leaseMs
      shared.hold(owned, usable)
    }
    for (const wish of wishes) this.#shared.get(wish.key)?.hear(wish)
  }

  async #handBack(key: string, count: number): Promise<void> {
    if (count > 0) await this.#ledger.giveBack(key, count)
  }

  /** Asks for what is lacked, or quietly for what an even share lacks; true: callers go on waiting. */
  async #fetch(key: string, shared: SharedSlots): Promise<boolean> {
    if (shared.endWish()) await this.#ledger.withdraw(key)
    const ask = shared.nextAsk()
    if (ask) {
      const { held, slots } = shared
      shared.add(await this.#ledger.claim({ key, total: slots.total, held, ...ask }))
    }
    return shared.lack > 0
  }

  #keepTouch(now: number): void {
    if (this.#contact === 'lost') {
      this.#backAt = now
      this.#log.info({}, 'places are shared with other processes again')
    }
    this.#contact = 'in touch'
  }

  // What this process has it goes on using; where that must not be too much in all, it may be nothing.
  #loseTouch(reason: string): number {
    this.#renewedAt = -Infinity
    const isNew = this.#contact === 'none yet'
    if (isNew && this.#now() - this.#startedAt < firstContactMs) return repeatMs / 4
    if (this.#contact !== 'lost') {
      this.#log.warn(
        { reason },
        `places are not shared with other processes now: this one goes on with those it has${this.#isStrict() ? '' : ', and at least one'}`,
      )
    }
    this.#contact = 'lost'
    for (const shared of this.#shared.values()) {
      const { slots, held } = shared
      shared.markContact()
      slots.validUntil = Infinity
      if (this.#isStrict()) slots.grant(held)
      else slots.grant(this.#heardAt === -Infinity ? slots.total : Math.max(1, held))
    }
    return renewEveryMs / 4
  }

  #countAlone(): number {
    for (const { slots } of this.#shared.values()) slots.share(undefined)
    return renewEveryMs
  }
}
