import { GatewayError } from '../errors/gateway-error.ts'
import type { Endable } from '../upstream/running-calls.ts'
import type { Surroundings } from './attempt.ts'
import { callerGone } from './answer.ts'

/**
 * Makes something under way end with the caller's leaving, its deadline or a shutdown. Gives the place by which
 * `release` takes it out again.
 */
export function hold(thing: Endable, { exchange, answer, rooms }: Surroundings): number {
  answer.call = thing
  exchange.underWay = thing
  return rooms.running.add(thing)
}

export function release(place: number, { exchange, answer, rooms }: Surroundings): void {
  answer.call = undefined
  exchange.underWay = undefined
  rooms.running.remove(place)
}

/** Throws where nobody waits for the answer any more. */
export function requireCaller({ exchange, answer }: Surroundings): void {
  if (exchange.endedBy) throw exchange.endedBy
  if (answer.isGone) throw callerGone()
}

/** Waits; rejects as soon as nobody waits for the answer any more. */
export async function pause(milliseconds: number, around: Surroundings): Promise<void> {
  requireCaller(around)
  let place = 0
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds)
      place = hold({ fail: (error) => (clearTimeout(timer), reject(error)) }, around)
    })
  } finally {
    release(place, around)
  }
}

/** Ends an exchange when the time is up that its caller has given it, whatever it is doing then. */
export function startDeadline(
  timeoutMs: number,
  { exchange, rooms }: Surroundings,
): NodeJS.Timeout {
  exchange.deadlineAt = exchange.startedAt + timeoutMs
  const leftMs = Math.max(0, exchange.deadlineAt - rooms.now())
  return setTimeout(() => {
    exchange.endedBy = new GatewayError(
      'caller_deadline',
      `There was no answer within the ${timeoutMs / 1000} s that the request gives it.`,
      { param: 'timeout' },
    )
    exchange.underWay?.fail(exchange.endedBy)
  }, leftMs)
}
