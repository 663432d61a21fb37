import type { CandidateFacts } from './decision.ts'

/** LiteLLM's: fewest calls under way first; of equals the one that stands first in the file. */
export function leastBusy(members: readonly CandidateFacts[]): CandidateFacts[] {
  return members.toSorted((a, b) => a.inFlight - b.inFlight)
}
