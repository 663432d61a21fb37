import type { CandidateFacts, DecisionInput } from './decision.ts'
import type { Dice } from './dice.ts'
import { shuffled } from './lottery.ts'

/**
 * LiteLLM's latency-based routing: any of those within the buffer of the lowest mean latency, each equally likely, then
 * the others by latency. One without a sample counts as 0, so that it is tried.
 */
export function fastest(
  members: readonly CandidateFacts[],
  { rules }: DecisionInput,
  dice: Dice,
): CandidateFacts[] {
  const best = Math.min(...members.map(({ meanLatency }) => meanLatency))
  const limit = best * (1 + rules.latencyBuffer)
  const isNearBest = ({ meanLatency }: CandidateFacts): boolean => meanLatency <= limit
  const others = members.filter((member) => !isNearBest(member))
  return shuffled(members.filter(isNearBest), dice).concat(
    others.toSorted((a, b) => a.meanLatency - b.meanLatency),
  )
}
