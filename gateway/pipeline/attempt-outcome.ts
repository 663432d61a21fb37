import { GatewayError } from '../errors/gateway-error.ts'
import type { GateReport } from '../limits/gate.ts'
import { restRulesOf } from '../routing/breaker.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Answer } from './answer.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { isWhole, type Begun } from './create-call.ts'
import type { Exchange } from './exchange.ts'

/** The same failure, to be the last: after the first byte to the caller there is no second attempt. */
export function finalIfStarted(
  failure: GatewayError,
  answer: Answer,
  isReplayable: boolean,
): GatewayError {
  if (!answer.hasStarted && isReplayable) return failure
  const { code, message, param, cause, retryAfterSeconds, upstream, answeredStatus, limits } =
    failure
  return new GatewayError(code, message, {
    isFinal: true,
    cause,
    ...(param === undefined ? {} : { param }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(answeredStatus === undefined ? {} : { answeredStatus }),
    ...(limits === undefined ? {} : { limits }),
  })
}

/** Tells the deployment's health, and its limits, of a failed attempt. */
export function recordFailure(
  deployment: Deployment,
  failure: GatewayError,
  asked: Asked,
  { exchange, rooms }: Surroundings,
  { startedAt, ticket }: Begun,
): void {
  if (!failure.kind.hurts || isCallersImpatience(failure, deployment, asked, exchange)) return
  const now = rooms.now()
  const { retryAfterSeconds } = failure
  deployment.health.recordFailure(failure.code, now, rooms.wallClock(), {
    ...restRulesOf(deployment.params, exchange.serving.module.router),
    ticket,
    tookMs: now - startedAt,
    status: failure.answeredStatus,
    retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000,
  })
}

// A server that was given less time than the file gives it has shown nothing.
function isCallersImpatience(
  { code, answeredStatus }: GatewayError,
  { timeouts }: Deployment,
  { controls }: Asked,
  { isStream, firstByteMs }: Exchange,
): boolean {
  if (code !== 'upstream_timeout' || answeredStatus !== undefined || !isStream) return false
  return firstByteMs === undefined && (controls.firstByteMs ?? Infinity) < timeouts.firstByteMs
}

/** Tells the deployment's health how fast it was. */
export function recordSpeed(
  { health }: Deployment,
  { exchange, rooms }: Surroundings,
  startedAt: number,
): void {
  if (isWhole(exchange)) {
    const now = rooms.now()
    health.recordAnswer(now - startedAt, exchange.usage.completionTokens ?? 0, now)
  }
  // Seconds an output token, or to the first byte of a stream: only this strategy asks for them.
  if (exchange.serving.module.router.strategy !== 'latency-based-routing') return
  const now = rooms.now()
  const { isStream, firstByteMs, usage } = exchange
  const ms = isStream && firstByteMs !== undefined ? firstByteMs + exchange.startedAt : now
  const tokens = isStream ? 1 : (usage.completionTokens ?? 1)
  health.recordSpeed(isStream, (ms - startedAt) / 1000 / Math.max(1, tokens), now)
}

/** Undefined: not known, an estimate being no bound. What an upstream refused cost nothing. */
export function usedTokens(
  failure: GatewayError | undefined,
  { usage }: Exchange,
): number | undefined {
  if (failure?.answeredStatus !== undefined) return 0
  return usage.isEstimated ? undefined : usage.totalTokens
}

interface Recorded {
  readonly startedAt: number
  readonly before: GateReport | undefined
  readonly queuedMs: number | undefined
}

/** Notes an attempt in the exchange's trace. */
export function recordStep(
  deployment: Deployment,
  failure: GatewayError | undefined,
  { exchange, rooms }: Surroundings,
  { startedAt, before, queuedMs = 0 }: Recorded,
): void {
  const now = rooms.now()
  const firstByteAt = exchange.firstByteMs
  exchange.requireTrace().attempts.push({
    group: exchange.currentGroup,
    deployment: deployment.id,
    atMs: startedAt - queuedMs - exchange.startedAt,
    queuedMs,
    firstByteMs:
      firstByteAt === undefined ? undefined : firstByteAt + exchange.startedAt - startedAt,
    durationMs: now - startedAt + queuedMs,
    outcome: failure?.code ?? 'ok',
    status: failure?.answeredStatus ?? failure?.status ?? 200,
    before,
    after: deployment.gate?.report(now),
  })
}
