import type {
  CandidateFacts,
  Decision,
  DecisionInput,
  PassedOver,
  PassedOverCandidate,
} from './decision.ts'
import type { Dice } from './dice.ts'
import { hasPlace, obstacleOf, passOver, restOf } from './obstacles.ts'
import { strategies } from './strategies.ts'

const theOnlyOne: Decision = { order: [0], passedOver: [], isLastResort: false }

/**
 * Which candidates are asked, best first, and why the others are not. Pure: a decision hangs on its input alone.
 *
 * What cannot be asked is set aside, then what rests after failures; where nothing else is left, all that rests is
 * asked. Of what remains the first priority class counts in which a caller may be served: at once where a place is
 * free, else by waiting, where a queue is set. Whoever sets a queue wants its callers to wait rather than to pay for
 * the next class; a class without free place and without queue is passed over.
 */
export function decide(input: DecisionInput): Decision {
  const { candidates } = input
  const first = candidates[0]
  if (candidates.length === 1 && first !== undefined && isWell(first, input)) return theOnlyOne
  return decideAmong(input)
}

function isWell(candidate: CandidateFacts, input: DecisionInput): boolean {
  return (
    obstacleOf(candidate, input) === undefined &&
    restOf(candidate) === undefined &&
    hasPlace(candidate)
  )
}

function decideAmong(input: DecisionInput): Decision {
  const { candidates } = input
  const reasons = candidates.map((candidate) => obstacleOf(candidate, input))
  const isLastResort = setRestingAside(candidates, reasons)
  const members = pickClass(candidates, reasons)
  const order = orderOf(members, input).map((member) => candidates.indexOf(member))
  return { order, passedOver: passedOverBy(reasons, candidates), isLastResort }
}

/** True: nothing but resting ones is left, so they stay. */
function setRestingAside(
  candidates: readonly CandidateFacts[],
  reasons: (PassedOver | undefined)[],
): boolean {
  const resting = candidates.map((candidate, at) => reasons[at] ?? restOf(candidate))
  if (resting.every((reason) => reason !== undefined)) return reasons.includes(undefined)
  for (const [at, reason] of resting.entries()) reasons[at] = reason
  return false
}

/** The members of the class that is asked; the others get their reason. */
function pickClass(
  candidates: readonly CandidateFacts[],
  reasons: (PassedOver | undefined)[],
): CandidateFacts[] {
  let picked = Infinity
  for (const [at, candidate] of candidates.entries()) {
    if (reasons[at] !== undefined) continue
    if (mayBeServed(candidate)) picked = Math.min(picked, classOf(candidate))
    else reasons[at] = 'no free slot'
  }
  const members: CandidateFacts[] = []
  for (const [at, candidate] of candidates.entries()) {
    if (reasons[at] !== undefined) continue
    if (classOf(candidate) === picked) members.push(candidate)
    else reasons[at] = 'lower priority'
  }
  return members
}

function classOf({ traits }: CandidateFacts): number {
  return traits.order ?? Infinity
}

function mayBeServed(candidate: CandidateFacts): boolean {
  return hasPlace(candidate) || candidate.queued !== undefined
}

/** Those with a free place before those where one waits; among each, those not yet tried in this exchange first. */
function orderOf(members: readonly CandidateFacts[], input: DecisionInput): CandidateFacts[] {
  if (members.length < 2) return [...members]
  const dice: Dice = { state: input.seed >>> 0 }
  const served = strategies[input.strategy](members.filter(hasPlace), input, dice)
  const waiting = members
    .filter((member) => !hasPlace(member))
    .toSorted((a, b) => (a.queued ?? 0) - (b.queued ?? 0))
  return untriedFirst(served).concat(untriedFirst(waiting))
}

function untriedFirst(members: CandidateFacts[]): CandidateFacts[] {
  if (!members.some(({ isTried }) => isTried)) return members
  return [...members.filter(({ isTried }) => !isTried), ...members.filter(({ isTried }) => isTried)]
}

function passedOverBy(
  reasons: readonly (PassedOver | undefined)[],
  candidates: readonly CandidateFacts[],
): PassedOverCandidate[] {
  return candidates.flatMap((candidate, index) => {
    const reason = reasons[index]
    return reason === undefined ? [] : [passOver(index, candidate, reason)]
  })
}
