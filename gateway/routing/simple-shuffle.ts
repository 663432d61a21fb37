import type { CandidateFacts, DecisionInput } from './decision.ts'
import type { Dice } from './dice.ts'
import { drawByTickets, shuffled } from './lottery.ts'

const weights = ['weight', 'rpm', 'tpm'] as const

/**
 * LiteLLM's: drawn by `weight`, else by rpm, else by tpm: the first of these that any member has above 0 counts, and
 * a member without it is drawn after all others. Without any each is equally likely.
 */
export function simpleShuffle(
  members: readonly CandidateFacts[],
  _input: DecisionInput,
  dice: Dice,
): CandidateFacts[] {
  const weight = weights.find((name) => members.some(({ traits }) => (traits[name] ?? 0) > 0))
  if (weight === undefined) return shuffled(members, dice)
  return drawByTickets(members, ({ traits }) => traits[weight] ?? 0, dice)
}
