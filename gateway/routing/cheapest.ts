import type { CandidateFacts } from './decision.ts'

/** What LiteLLM takes for an unknown price of a token, USD: such a deployment comes last. */
export const unknownTokenCost = 5

/** LiteLLM's cost-based routing: smallest price of an input and an output token together first. */
export function cheapest(members: readonly CandidateFacts[]): CandidateFacts[] {
  return members.toSorted((a, b) => costOf(a) - costOf(b))
}

function costOf({ traits }: CandidateFacts): number {
  return traits.cost ?? 2 * unknownTokenCost
}
