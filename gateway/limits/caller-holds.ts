import type { CallerAdmission, CallerHold, CallerUse } from './caller-gate.ts'
import { callerHeaders } from './caller-headers.ts'
import type { CallerPlan } from './caller-plan.ts'
import type { Taken } from './counter.ts'
import type { CallerLimit } from './holder-limits.ts'
import { wholeOf } from './part.ts'
import type { Slot } from './slots.ts'

/** A part of one limit that a request holds. */
export interface HeldPart {
  readonly limit: CallerLimit
  readonly amount: number
  readonly taken: Taken
}

/** What the holds of requests are given by their gate. */
export interface HoldKeeper {
  readonly now: () => number
  /** Takes that much more of a limit; rejects where it has too little. */
  takeMore(limit: CallerLimit, amount: number): HeldPart | Promise<HeldPart>
  /** A request has ended: its parts are settled. */
  onSettled(plan: CallerPlan, used: CallerUse, parts: readonly HeldPart[]): void
}

/** What one request holds of the limits of its caller. */
export class CallerHolds implements CallerAdmission {
  readonly #plan: CallerPlan
  readonly #keeper: HoldKeeper
  readonly #parts: HeldPart[]
  readonly #slots: readonly Slot[]
  /** Taken later of limits of which it had a part. */
  #more: HeldPart[] | undefined
  #isSettled = false

  constructor(
    plan: CallerPlan,
    keeper: HoldKeeper,
    held: { readonly parts: HeldPart[]; readonly slots: readonly Slot[] },
  ) {
    this.#plan = plan
    this.#keeper = keeper
    this.#parts = held.parts
    this.#slots = held.slots
    for (const holder of plan.holders) holder.running += 1
  }

  cover(nano: number): undefined | Promise<void> {
    const missing: { limit: CallerLimit; amount: number }[] = []
    for (const limit of this.#plan.limits) {
      if (limit.spec.unit !== 'nano') continue
      const amount = Math.ceil(nano) - this.#heldOf(limit)
      if (amount > 0) missing.push({ limit, amount })
    }
    return missing.length === 0 ? undefined : this.#take(missing)
  }

  async #take(missing: readonly { limit: CallerLimit; amount: number }[]): Promise<void> {
    for (const { limit, amount } of missing) {
      const part = await this.#keeper.takeMore(limit, amount)
      if (this.#isSettled) part.taken.giveBack()
      else if (this.#parts.some((one) => one.limit === limit)) (this.#more ??= []).push(part)
      else this.#parts.push(part)
    }
  }

  #heldOf(limit: CallerLimit): number {
    let held = 0
    for (const part of this.#all) if (part.limit === limit) held += part.amount
    return held
  }

  get #all(): readonly HeldPart[] {
    return this.#more ? [...this.#parts, ...this.#more] : this.#parts
  }

  holds(): readonly CallerHold[] {
    return this.#all.map(({ limit, taken }) => ({ ...taken.hold, unit: limit.spec.unit }))
  }

  shares(used: CallerUse): readonly number[] {
    if (!this.#more) return this.#parts.map((part) => wholeOf(usedOf(part, used), part.amount))
    const all = this.#all
    const left = new Map<CallerLimit, number>()
    return all.map((part, index) => {
      const { limit, amount } = part
      const rest = left.get(limit) ?? wholeOf(usedOf(part, used), amount)
      // The last one takes what is left, be it more than it held.
      const isLast = !all.some((other, at) => at > index && other.limit === limit)
      const share = isLast ? rest : Math.min(rest, amount)
      left.set(limit, rest - share)
      return share
    })
  }

  headers(): readonly string[] {
    return callerHeaders(this.#plan, this.#keeper.now())
  }

  settle(used: CallerUse): void {
    if (this.#isSettled) return
    this.#isSettled = true
    for (const slot of this.#slots) slot.release()
    const all = this.#all
    const shares = this.shares(used)
    all.forEach(({ taken }, index) => taken.settle(shares[index] ?? 0))
    for (const holder of this.#plan.holders) holder.running -= 1
    this.#keeper.onSettled(this.#plan, used, all)
  }
}

/** What was used of a part's limit. */
export function usedOf({ limit, amount }: HeldPart, { tokens, nano, wasSent }: CallerUse): number {
  if (limit.spec.unit === 'requests') return 1
  if (!wasSent) return 0
  return limit.spec.unit === 'tokens' ? (tokens ?? amount) : (nano ?? 0)
}
