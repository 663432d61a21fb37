import type { CandidateFacts } from './decision.ts'
import { roll, rollBelow, type Dice } from './dice.ts'

/**
 * Draws one after the other until none is left, each with a chance by its tickets; those without tickets come
 * last, in any order.
 */
export function drawByTickets(
  members: readonly CandidateFacts[],
  ticketsOf: (member: CandidateFacts) => number,
  dice: Dice,
): CandidateFacts[] {
  const left = shuffled(members, dice)
  const tickets = left.map(ticketsOf)
  const drawn: CandidateFacts[] = []
  while (left.length > 0) {
    const at = draw(tickets, dice)
    tickets.splice(at, 1)
    drawn.push(...left.splice(at, 1))
  }
  return drawn
}

/** A copy in which every order is equally likely. */
export function shuffled(members: readonly CandidateFacts[], dice: Dice): CandidateFacts[] {
  const left = [...members]
  const drawn: CandidateFacts[] = []
  while (left.length > 0) drawn.push(...left.splice(rollBelow(left.length, dice), 1))
  return drawn
}

function draw(tickets: readonly number[], dice: Dice): number {
  let sum = 0
  for (const count of tickets) sum += count
  let rest = roll(dice) * sum
  for (const [at, count] of tickets.entries()) {
    rest -= count
    if (rest < 0) return at
  }
  return 0
}
