import type { CallerAsk } from './caller-gate.ts'
import { mostNano, type CallerUnit } from './caller-specs.ts'
import type { CallerLimit, CallerPlaces, HolderLimits } from './holder-limits.ts'

/** Everything that limits one caller's requests for one model, from the narrowest holder to the widest. */
export interface CallerPlan {
  readonly holders: readonly HolderLimits[]
  readonly limits: readonly CallerLimit[]
  readonly places: readonly CallerPlaces[]
  /** Money or tokens are among them, and not only to be warned of. */
  readonly isBounding: boolean
}

export function createPlan(holders: readonly HolderLimits[], names: readonly string[]): CallerPlan {
  const all = holders.map((holder) => holder.limitsFor(names))
  const limits = all.flatMap((one) => one.limits)
  return {
    holders,
    limits,
    places: all.flatMap((one) => one.places),
    isBounding: limits.some(({ spec }) => spec.unit !== 'requests' && spec.amount < mostNano),
  }
}

/** What a request may need of a limit. */
export function needOf(
  unit: CallerUnit,
  { tokens, nano }: Pick<CallerAsk, 'tokens' | 'nano'>,
): number {
  if (unit === 'requests') return 1
  return Math.max(0, Math.ceil(unit === 'tokens' ? tokens : nano))
}
