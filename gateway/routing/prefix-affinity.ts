import type { CandidateFacts, DecisionInput } from './decision.ts'
import { scramble, type Dice } from './dice.ts'
import { peakEwma } from './peak-ewma.ts'

/** A member may have this many times its share of the calls under way; more goes to the next in line. */
const bound = 1.25
/** Below this share of busy places a free server is worth more than a warm one. */
const leastUtilisation = 0.3
/** Places of a server that does not say how many it has. */
const assumedPlaces = 4

/**
 * Ours for servers with a prefix cache: the same beginning goes to the same server, unless that has more than
 * 1.25 times its share of the load; then to the next in this beginning's own line. Where the line comes from a
 * hash of beginning and server (rendezvous hashing), every replica has the same one without talking, and a server
 * that comes or goes moves only its own beginnings. While little is asked: the default strategy.
 */
export function prefixAffinity(
  members: readonly CandidateFacts[],
  input: DecisionInput,
  dice: Dice,
): CandidateFacts[] {
  const { affinity } = input.request
  if (affinity === undefined || utilisationOf(members) < leastUtilisation) {
    return peakEwma(members, input, dice)
  }
  const line = lineOf(members, affinity)
  const isWithin = boundOf(members)
  return line.filter(isWithin).concat(line.filter((member) => !isWithin(member)))
}

/** Members as one beginning ranks them. A member is first with a chance by its weight. */
function lineOf(members: readonly CandidateFacts[], affinity: number): CandidateFacts[] {
  return members
    .map((member) => ({ member, rank: rankOf(member, affinity) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ member }) => member)
}

// The least of exponential draws with rates w is the i-th with a chance of w_i over all.
function rankOf({ traits }: CandidateFacts, affinity: number): number {
  const draw = (scramble(affinity ^ scramble(traits.place)) + 1) / 0x1_0000_0001
  return -Math.log(draw) / weightOf(traits.weight)
}

function boundOf(members: readonly CandidateFacts[]): (member: CandidateFacts) => boolean {
  let calls = 1
  let weights = 0
  for (const { inFlight, traits } of members) {
    calls += inFlight
    weights += weightOf(traits.weight)
  }
  return ({ inFlight, traits }) =>
    inFlight < Math.ceil((bound * calls * weightOf(traits.weight)) / weights)
}

/** Busy places of all places. */
function utilisationOf(members: readonly CandidateFacts[]): number {
  let busy = 0
  let places = 0
  for (const { inFlight, freeSlots } of members) {
    busy += inFlight
    places += freeSlots === undefined ? Math.max(inFlight, assumedPlaces) : inFlight + freeSlots
  }
  return places === 0 ? 0 : busy / places
}

// A weight of 0 is a wish for no traffic, not for a division by zero.
function weightOf(weight = 1): number {
  return Math.max(weight, 1e-9)
}
