import type { Counter, Taken } from './counter.ts'
import type { Ask, GateReport, ToldLimit, UpstreamLimits } from './gate.ts'
import type { QuotaSpec } from './quota-specs.ts'
import { findTold } from './told-limits.ts'

/** One amount of a deployment and where it is counted. */
export interface Amount {
  readonly spec: QuotaSpec
  readonly counter: Counter
}

/** All amounts that one deployment's calls use up; a call takes from each of them or from none. */
export class Quotas {
  readonly #amounts: readonly Amount[]
  readonly #hasRates: boolean
  /** Until when the upstream gives nothing, as it said itself. */
  readonly #toldUntil = new Map<Counter, number>()

  constructor(amounts: readonly Amount[]) {
    this.#amounts = amounts
    this.#hasRates = amounts.some(({ spec }) => spec.isRate)
  }

  /** Until something is left of each; 0: now. */
  usedUpMs(now: number): number {
    let longest = 0
    for (const { counter } of this.#amounts) {
      const { remaining, resetsInMs } = counter.state(now)
      if (remaining >= 1) continue
      const toldMs = (this.#toldUntil.get(counter) ?? 0) - now
      longest = Math.max(longest, resetsInMs, toldMs)
    }
    return longest
  }

  /** What all replicas have used of `rpm` or `tpm`; 0 where that is no limit. */
  usedOfRate(unit: QuotaSpec['unit'], now: number): number {
    if (!this.#hasRates) return 0
    for (const { spec, counter } of this.#amounts) {
      if (spec.isRate && spec.unit === unit) return spec.amount - counter.state(now).remaining
    }
    return 0
  }

  /** Takes what a call may need, at once; undefined: the ledger must be asked. */
  tryTake(ask: Ask, meanTokens: number, now: number): QuotasTaken | undefined {
    const taken = new QuotasTaken()
    for (const amount of this.#amounts) {
      const need = needOf(amount, ask, meanTokens, now)
      const one = amount.counter.tryTake(need, now)
      if (!one) return taken.giveBack()
      taken.add({ unit: amount.spec.unit, need, taken: one })
    }
    return taken
  }

  /** The same, asking the ledger where what is leased is too small; undefined: one of them has too little left. */
  async take(ask: Ask, meanTokens: number, now: () => number): Promise<QuotasTaken | undefined> {
    const taken = new QuotasTaken()
    try {
      for (const amount of this.#amounts) {
        const { spec, counter } = amount
        const need = needOf(amount, ask, meanTokens, now())
        if (need > spec.amount) return taken.giveBack()
        const one = counter.tryTake(need, now()) ?? (await counter.take(need))
        if (!one) return taken.giveBack()
        taken.add({ unit: spec.unit, need, taken: one })
      }
    } catch (failure) {
      taken.giveBack()
      throw failure
    }
    return taken
  }

  learn({ requests, tokens }: UpstreamLimits, now: number): void {
    if (requests) this.#learn('requests', requests, now)
    if (tokens) this.#learn('tokens', tokens, now)
  }

  report(now: number): GateReport['quotas'] {
    return this.#amounts.map(({ spec: { unit, per, amount }, counter }) => {
      const { remaining, resetsInMs } = counter.state(now)
      return { unit, per, amount, remaining: Math.max(0, remaining), resetsInMs }
    })
  }

  #learn(unit: QuotaSpec['unit'], told: ToldLimit, now: number): void {
    const { remaining, resetsInMs } = told
    if (remaining === undefined) return
    const ofUnit = this.#amounts.filter(({ spec }) => spec.unit === unit)
    for (const { spec, counter } of findTold(told, ofUnit)) {
      counter.learn({ remaining: Math.floor(remaining), resetsInMs }, now)
      if (remaining >= 1 || spec.window.kind !== 'rolling') continue
      this.#toldUntil.set(counter, now + (resetsInMs ?? spec.window.periodMs))
    }
  }
}

// By `tpm` nobody means the most that calls might use: the last of it is taken whole.
function needOf({ spec, counter }: Amount, { tokens }: Ask, mean: number, now: number): number {
  if (spec.unit === 'requests') return 1
  const need = spec.isRate ? Math.min(mean, tokens, counter.state(now).remaining) : tokens
  return Math.max(1, Math.ceil(need))
}

/** What one call has taken of several amounts. */
export class QuotasTaken {
  readonly #parts: Part[] = []

  add(part: Part): void {
    this.#parts.push(part)
  }

  /** It was sent and used so many tokens; undefined: nobody knows, so all that was taken for them. */
  settle(usedTokens: number | undefined): void {
    for (const { unit, need, taken } of this.#parts) {
      taken.settle(unit === 'requests' ? 1 : (usedTokens ?? need))
    }
  }

  /** It was not sent. */
  giveBack(): undefined {
    for (const { taken } of this.#parts) taken.giveBack()
  }
}

interface Part {
  readonly unit: QuotaSpec['unit']
  readonly need: number
  readonly taken: Taken
}
