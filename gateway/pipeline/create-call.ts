import { readLimits } from '../providers/read-limits.ts'
import type { Deployment } from '../routing/deployment.ts'
import { UpstreamCall } from '../upstream/call.ts'
import type { Asked, Surroundings } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { openReader } from './open-reader.ts'
import type { Outgoing } from './outgoing.ts'

export interface Begun {
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** Of the deployment's health. */
  readonly ticket: number
}

/** The call of one attempt, with the clocks of its deployment and of its caller. */
export function createCall(
  deployment: Deployment,
  outgoing: Outgoing,
  asked: Asked,
  around: Surroundings,
  { startedAt, ticket }: Begun,
): UpstreamCall {
  const { exchange, rooms } = around
  const { health, gate } = deployment
  const { method, path, headers, body } = outgoing.call
  const { connectMs, totalMs, idleMs, streamMs } = deployment.timeouts
  const { isStream } = exchange
  const recordFirstByte = (): void => {
    const now = rooms.now()
    health.recordFirstByte(now - startedAt, now, ticket)
  }
  const isRelayed = isStream || exchange.endpoint.body === 'form'
  return new UpstreamCall({
    method,
    path,
    headers,
    body,
    model: exchange.model,
    connectMs,
    timeoutMs: isStream ? firstByteMsOf(deployment, asked) : totalMs,
    idleMs: isRelayed ? idleMs : 0,
    streamMs: isRelayed ? streamMs : 0,
    open: (head, opened) => {
      if (head.status < 300) {
        exchange.hasAnswerBegun = true
        if (!isStream && !isWhole(exchange)) recordFirstByte()
      }
      if (gate) {
        const told = readLimits(head.headers, rooms.wallClock())
        if (told) gate.learn(told, rooms.now())
      }
      return openReader(head, opened, { deployment, outgoing, asked, around })
    },
    onFirstEvent: isStream ? recordFirstByte : undefined,
  })
}

/** Its first byte comes when all is done, and its length is known. */
export function isWhole({ isStream, endpoint }: Exchange): boolean {
  return !isStream && endpoint.answer === 'json'
}

function firstByteMsOf({ timeouts }: Deployment, { controls }: Asked): number {
  return Math.min(timeouts.firstByteMs, controls.firstByteMs ?? Infinity)
}
