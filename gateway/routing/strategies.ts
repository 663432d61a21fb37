import type { CandidateFacts, DecisionInput, StrategyName } from './decision.ts'
import type { Dice } from './dice.ts'
import { cheapest } from './cheapest.ts'
import { fastest } from './fastest.ts'
import { leastBusy } from './least-busy.ts'
import { leastUsed } from './least-used.ts'
import { peakEwma } from './peak-ewma.ts'
import { prefixAffinity } from './prefix-affinity.ts'
import { simpleShuffle } from './simple-shuffle.ts'

/**
 * Orders the members of one priority class, each of which may be called now, best first: all of them, each once.
 * Chance comes from the dice alone.
 */
export type Strategy = (
  members: readonly CandidateFacts[],
  input: DecisionInput,
  dice: Dice,
) => CandidateFacts[]

export const strategies = {
  'peak-ewma': peakEwma,
  'prefix-affinity': prefixAffinity,
  'simple-shuffle': simpleShuffle,
  'least-busy': leastBusy,
  'latency-based-routing': fastest,
  'usage-based-routing': leastUsed,
  'usage-based-routing-v2': leastUsed,
  'cost-based-routing': cheapest,
} as const satisfies Record<StrategyName, Strategy>
