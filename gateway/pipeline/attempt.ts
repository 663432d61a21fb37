import { GatewayError } from '../errors/gateway-error.ts'
import { toGatewayError } from '../errors/envelope.ts'
import type { Deployment } from '../routing/deployment.ts'
import { fillWildcard } from '../routing/wildcard.ts'
import type { ModelGroup } from '../routing/router.ts'
import { UpstreamCall } from '../upstream/call.ts'
import { callerGone, type Answer } from './answer.ts'
import { openReader } from './open-reader.ts'
import type { Exchange } from './exchange.ts'
import type { ReadRequest } from './serve.ts'
import type { Rooms } from './rooms.ts'
import { createOutgoing } from './outgoing.ts'

export interface Asked {
  readonly request: ReadRequest
  readonly group: ModelGroup
  /** The request's Host header, for links handed out. */
  readonly host: string | undefined
}

export interface Surroundings {
  readonly exchange: Exchange
  readonly answer: Answer
  readonly rooms: Rooms
}

/** One call to one deployment, relayed to its end. Rejects with GatewayError; its health learns of both. */
export async function attempt(
  deployment: Deployment,
  asked: Asked,
  around: Surroundings,
): Promise<void> {
  const { exchange, answer, rooms } = around
  const { health } = deployment
  exchange.attempts += 1
  exchange.deployment = deployment
  const model = fillWildcard(deployment.target.model, asked.group, exchange.model)
  const making = createOutgoing(deployment, model, asked, around)
  const outgoing = making instanceof Promise ? await making : making
  if (answer.isGone) throw callerGone()
  const startedAt = rooms.now()
  const { method, path, headers, body } = outgoing.call
  const { totalMs, firstByteMs, idleMs } = deployment.timeouts
  const running = new UpstreamCall({
    method,
    path,
    headers,
    body,
    model: exchange.model,
    timeoutMs: exchange.isStream ? firstByteMs : totalMs,
    idleMs: exchange.isStream || exchange.endpoint.body === 'form' ? idleMs : 0,
    open: (head, opened) => {
      const now = rooms.now()
      if (head.status < 300) health.recordFirstByte(now - startedAt, now)
      return openReader(head, opened, { deployment, outgoing, asked, around })
    },
  })
  answer.call = running
  const place = rooms.running.add(running)
  health.inFlight += 1
  try {
    await running.send(rooms.pool(deployment.origin))
    health.recordSuccess(rooms.wallClock())
    rooms.countAttempt(exchange, deployment, 'ok', 200)
  } catch (thrown) {
    const failure = finalIfStarted(toGatewayError(thrown), answer, outgoing.isReplayable())
    learn(deployment, failure, around)
    throw failure
  } finally {
    health.inFlight -= 1
    exchange.upstreamMs = (exchange.upstreamMs ?? 0) + rooms.now() - startedAt
    answer.call = undefined
    rooms.running.remove(place)
  }
}

// After the first byte to the caller there is no second attempt.
function finalIfStarted(
  failure: GatewayError,
  answer: Answer,
  isReplayable: boolean,
): GatewayError {
  if (!answer.hasStarted && isReplayable) return failure
  const { code, message, param, cause, retryAfterSeconds, upstream } = failure
  return new GatewayError(code, message, {
    isFinal: true,
    cause,
    ...(param === undefined ? {} : { param }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(upstream === undefined ? {} : { upstream }),
  })
}

function learn(
  deployment: Deployment,
  failure: GatewayError,
  { exchange, rooms }: Surroundings,
): void {
  rooms.countAttempt(exchange, deployment, failure.code, failure.status)
  if (!failure.kind.hurts) return
  const { router } = exchange.serving.module
  deployment.health.recordFailure(failure.code, rooms.now(), rooms.wallClock(), {
    allowedFails: router.allowedFails,
    cooldownMs: deployment.params.cooldownMs ?? router.cooldownMs,
    ...(failure.retryAfterSeconds === undefined
      ? {}
      : { retryAfterMs: failure.retryAfterSeconds * 1000 }),
  })
}
