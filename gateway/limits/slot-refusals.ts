import type { QueueSettings } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'

/** A queue that is as long as it may be. `waitMs`: until one who comes now would be served. */
export function queueIsFull(
  { maxLength }: QueueSettings,
  total: number,
  waitMs: number,
): GatewayError {
  const taken = total === 1 ? 'The one place is taken' : `All ${total} places are taken`
  return new GatewayError(
    'queue_full',
    `${taken} and ${maxLength} requests wait already, which is as many as may. Ask again later.`,
    { retryAfterSeconds: retryAfter(waitMs) },
  )
}

/** A wait as long as it may be. */
export function waitedTooLong(
  { maxWaitMs }: QueueSettings,
  others: number,
  waitMs: number,
): GatewayError {
  return new GatewayError(
    'queue_full',
    `No place became free within ${seconds(maxWaitMs)} s, the longest wait here; ${others} others wait. Ask again later.`,
    { retryAfterSeconds: retryAfter(waitMs) },
  )
}

/** A caller whose own time was over first. */
export function outOfPatience(patienceMs: number, waitMs: number): GatewayError {
  return new GatewayError(
    'caller_deadline',
    `No place became free within the ${seconds(patienceMs)} s that this request had left. Give it more time, or ask again later.`,
    { retryAfterSeconds: retryAfter(waitMs) },
  )
}

function retryAfter(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000))
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10
}
