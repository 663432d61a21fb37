import type { CandidateFacts, DecisionInput } from './decision.ts'
import { rollBelow, type Dice } from './dice.ts'
import { drawByTickets } from './lottery.ts'

/**
 * Ours: of two random members the less loaded goes first, and so on until none is left. Two choices do nearly as
 * well as looking at all, and no herd runs to the one that looked best a moment ago. Where weights differ, two
 * choices would send all to the heaviest while little is asked; then a lot is drawn, with weight / load as tickets:
 * at equal load the shares are the weights.
 */
export function peakEwma(
  members: readonly CandidateFacts[],
  _input: DecisionInput,
  dice: Dice,
): CandidateFacts[] {
  if (areEquallyWeighted(members)) return drawByTwos(members, dice)
  return drawByTickets(members, (member) => weightOf(member) / loadOf(member), dice)
}

/** Peak-EWMA of time to first byte × what would be under way. */
function loadOf({ latencyMs, inFlight }: CandidateFacts): number {
  return Math.max(latencyMs, 1) * (inFlight + 1)
}

function drawByTwos(members: readonly CandidateFacts[], dice: Dice): CandidateFacts[] {
  const left = [...members]
  const ordered: CandidateFacts[] = []
  while (left.length > 1) {
    const one = rollBelow(left.length, dice)
    const other = (one + 1 + rollBelow(left.length - 1, dice)) % left.length
    ordered.push(...left.splice(lighterOf(one, other, left), 1))
  }
  return ordered.concat(left)
}

function lighterOf(one: number, other: number, among: readonly CandidateFacts[]): number {
  const a = among[one]
  const b = among[other]
  return a === undefined || (b !== undefined && loadOf(b) < loadOf(a)) ? other : one
}

function areEquallyWeighted(members: readonly CandidateFacts[]): boolean {
  const [first] = members
  return first === undefined || members.every((one) => weightOf(one) === weightOf(first))
}

function weightOf({ traits }: CandidateFacts): number {
  return traits.weight ?? 1
}
