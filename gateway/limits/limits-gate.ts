import type { Holder } from '../auth/access.ts'
import type { CallerAdmission, CallerAsk, CallerGate } from './caller-gate.ts'
import { callerHeaders } from './caller-headers.ts'
import { CallerHolds, type HeldPart, type HoldKeeper } from './caller-holds.ts'
import { createPlan, needOf, type CallerPlan } from './caller-plan.ts'
import {
  deniedWhileAway,
  ledgerAway,
  limitReached,
  noPlaceLeft,
  placesAway,
} from './caller-refusals.ts'
import type { CallerLimit, CallerPlaces, HolderLimits } from './holder-limits.ts'
import type { Slot } from './slots.ts'

/** What a gate is given by the process's book of limits. */
export interface GateBook extends HoldKeeper {
  readonly wallClock: () => number
  /** The limits of a holder as they are counted now; undefined: it has none. */
  find(holder: Holder): HolderLimits | undefined
  isLedgerAway(): boolean
  onRefused(limit: CallerLimit | CallerPlaces): void
}

const mostPlans = 200

/** All limits of one caller: those of its key, its user and team, and of the module. */
export class LimitsGate implements CallerGate {
  readonly #holders: readonly Holder[]
  readonly #book: GateBook
  readonly #isDeniedWhileAway: boolean
  #limits: readonly HolderLimits[] = []
  #version = -1
  readonly #plans = new Map<string, CallerPlan>()

  constructor(holders: readonly Holder[], book: GateBook, isDeniedWhileAway: boolean) {
    this.#holders = holders
    this.#book = book
    this.#isDeniedWhileAway = isDeniedWhileAway
  }

  isBounding(model: string, asked?: string): boolean {
    return this.#planOf(model, asked).isBounding
  }

  headers(model: string, asked?: string): readonly string[] {
    return callerHeaders(this.#planOf(model, asked), this.#book.now())
  }

  admit(ask: CallerAsk): CallerAdmission | Promise<CallerAdmission> {
    if (this.#isDeniedWhileAway && this.#book.isLedgerAway()) throw deniedWhileAway()
    const plan = this.#planOf(ask.model, ask.asked)
    const now = this.#book.now()
    for (const holder of plan.holders) holder.usedAt = now
    const slots = this.#tryPlaces(plan, now)
    const parts = slots && this.#tryTake(plan, ask, now)
    if (parts) return new CallerHolds(plan, this.#book, { parts, slots })
    for (const slot of slots ?? []) slot.release(0)
    return this.#admitLater(plan, ask)
  }

  #tryPlaces({ places }: CallerPlan, now: number): Slot[] | undefined {
    const taken: Slot[] = []
    for (const { slots } of places) {
      const slot = slots.tryTake(now)
      if (!slot) {
        for (const one of taken) one.release(0)
        return undefined
      }
      taken.push(slot)
    }
    return taken
  }

  #tryTake({ limits }: CallerPlan, ask: CallerAsk, now: number): HeldPart[] | undefined {
    const parts: HeldPart[] = []
    for (const limit of limits) {
      const amount = needOf(limit.spec.unit, ask)
      const taken = limit.counter.tryTake(amount, now)
      if (taken) {
        parts.push({ limit, amount, taken })
        continue
      }
      if (amount === 0) continue
      for (const part of parts) part.taken.giveBack()
      return undefined
    }
    return parts
  }

  async #admitLater(plan: CallerPlan, ask: CallerAsk): Promise<CallerAdmission> {
    // Nobody of them is forgotten while one waits.
    for (const holder of plan.holders) holder.running += 1
    const slots: Slot[] = []
    try {
      for (const one of plan.places) slots.push(await this.#waitFor(one, ask))
      const parts = await this.#takeAll(plan, ask)
      return new CallerHolds(plan, this.#book, { parts, slots })
    } catch (refusal) {
      for (const slot of slots) slot.release(0)
      throw refusal
    } finally {
      for (const holder of plan.holders) holder.running -= 1
    }
  }

  async #waitFor(places: CallerPlaces, { patienceMs }: CallerAsk): Promise<Slot> {
    const { slots, of } = places
    const now = this.#book.now()
    const slot =
      slots.tryTake(now) ?? (await slots.wait({ flow: '', tokens: 0, patienceMs }, now).slot)
    if (slot) return slot
    if (slots.capacity < slots.total && this.#book.isLedgerAway()) throw placesAway(of)
    this.#book.onRefused(places)
    throw noPlaceLeft(of, slots.total)
  }

  // One question to the ledger about all of them.
  async #takeAll({ limits }: CallerPlan, ask: CallerAsk): Promise<HeldPart[]> {
    const takes = limits.map((limit) => this.#takeOf(limit, needOf(limit.spec.unit, ask)))
    const all = await Promise.allSettled(takes)
    const parts = all.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : []))
    const refusal = all.find((one) => one.status === 'rejected')
    if (!refusal) return parts
    for (const { taken } of parts) taken.giveBack()
    throw refusal.reason
  }

  /** Undefined: nothing is needed of it, and there is nothing in hand to write an excess to. */
  async #takeOf(limit: CallerLimit, amount: number): Promise<HeldPart | undefined> {
    const taken = limit.counter.tryTake(amount, this.#book.now())
    if (taken) return { limit, amount, taken }
    return amount === 0 ? undefined : takeMore(limit, amount, this.#book)
  }

  #planOf(model: string, asked = model): CallerPlan {
    this.#refresh()
    const key = asked === model ? model : `${model}\n${asked}`
    const known = this.#plans.get(key)
    if (known) return known
    if (this.#plans.size >= mostPlans) this.#plans.clear()
    const plan = createPlan(this.#limits, asked === model ? [model] : [model, asked])
    this.#plans.set(key, plan)
    return plan
  }

  #refresh(): void {
    let version = 0
    for (const one of this.#limits) version += one.version
    if (version === this.#version) return
    this.#plans.clear()
    this.#limits = this.#holders.flatMap((holder) => this.#book.find(holder) ?? [])
    this.#version = this.#limits.reduce((sum, one) => sum + one.version, 0)
  }
}

/** Takes of a limit, asking the ledger. Rejects where it has too little, or where nobody can tell. */
export async function takeMore(
  limit: CallerLimit,
  amount: number,
  book: GateBook,
): Promise<HeldPart> {
  const { counter, spec, of } = limit
  const taken = counter.tryTake(amount, book.now()) ?? (await counter.take(amount))
  if (taken) return { limit, amount, taken }
  const now = book.now()
  const state = counter.state(now)
  book.onRefused(limit)
  const isKnown = amount > spec.amount || state.remaining < amount
  if (book.isLedgerAway() && !isKnown) throw ledgerAway(limit)
  throw limitReached({
    spec,
    of,
    need: amount,
    state,
    used: counter.used(now),
    wallMs: book.wallClock(),
  })
}
