import type { CandidateFacts, DecisionInput } from './decision.ts'
import type { Dice } from './dice.ts'
import { shuffled } from './lottery.ts'

/** LiteLLM's usage-based routing: fewest tokens in this minute first, of equals any. */
export function leastUsed(
  members: readonly CandidateFacts[],
  _input: DecisionInput,
  dice: Dice,
): CandidateFacts[] {
  return shuffled(members, dice).sort((a, b) => a.minuteTokens - b.minuteTokens)
}
