import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { toGatewayError } from '../errors/envelope.ts'
import type { GateAdmission, GateReport } from '../limits/gate.ts'
import { readLimits } from '../providers/read-limits.ts'
import { restRulesOf } from '../routing/breaker.ts'
import type { Deployment } from '../routing/deployment.ts'
import { fillWildcard } from '../routing/wildcard.ts'
import type { ModelGroup } from '../routing/router.ts'
import { UpstreamCall } from '../upstream/call.ts'
import type { Answer } from './answer.ts'
import type { Controls } from './controls.ts'
import { openReader } from './open-reader.ts'
import type { Exchange } from './exchange.ts'
import type { ReadRequest } from './serve.ts'
import type { Rooms } from './rooms.ts'
import { createOutgoing, type Outgoing } from './outgoing.ts'
import { billUnanswered } from './unfinished-usage.ts'
import { hold, release, requireCaller } from './under-way.ts'

export interface Asked {
  readonly request: ReadRequest
  readonly group: ModelGroup
  /** The name that led to the group: the asked one, or a fallback's. */
  readonly model: string
  /** No other group is waiting for its turn. */
  readonly isLastGroup: boolean
  readonly controls: Controls
  readonly headers: IncomingHttpHeaders
  /** The request's Host header, for links handed out. */
  readonly host: string | undefined
}

export interface Surroundings {
  readonly exchange: Exchange
  readonly answer: Answer
  readonly rooms: Rooms
}

/** One call to one deployment, relayed to its end. Rejects with GatewayError; its health and its limits learn of both. */
export async function attempt(
  deployment: Deployment,
  asked: Asked,
  around: Surroundings,
  admission?: GateAdmission,
): Promise<void> {
  const { exchange, answer, rooms } = around
  const { health } = deployment
  exchange.attempts += 1
  exchange.deployment = deployment
  exchange.hasAnswerBegun = false
  if (exchange.attempts > 1) exchange.usage = {}
  let outgoing: Outgoing
  try {
    requireCaller(around)
    const model = fillWildcard(deployment.target.model, asked.group, asked.model)
    const making = createOutgoing(deployment, model, asked, around)
    outgoing = making instanceof Promise ? await making : making
    requireCaller(around)
  } catch (thrown) {
    admission?.end(undefined, false)
    throw thrown
  }
  const startedAt = rooms.now()
  const before = deployment.gate?.report(startedAt)
  const ticket = health.begin(startedAt)
  const running = createCall(deployment, outgoing, asked, around, { startedAt, ticket })
  const place = hold(running, around)
  let failure: GatewayError | undefined
  try {
    await running.send(rooms.pool(deployment.origin, deployment.timeouts.connectMs))
    health.recordSuccess(rooms.wallClock(), ticket)
    if (isWhole(exchange)) {
      const now = rooms.now()
      health.recordAnswer(now - startedAt, exchange.usage.completionTokens ?? 0, now)
    }
    recordSpeed(deployment, around, startedAt)
    rooms.countAttempt(exchange, deployment, 'ok', 200)
  } catch (thrown) {
    const error = toGatewayError(thrown)
    if (error.limits) deployment.gate?.learn(error.limits, rooms.now())
    failure = finalIfStarted(error, answer, outgoing.isReplayable())
    rooms.countAttempt(exchange, deployment, failure.code, failure.status)
    recordFailure(deployment, failure, asked, around, { startedAt, ticket })
    if (running.wasSent) billUnanswered(failure, asked, exchange)
    if (failure.limits) deployment.gate?.learn(failure.limits, rooms.now())
    throw failure
  } finally {
    health.end(ticket)
    exchange.upstreamMs = (exchange.upstreamMs ?? 0) + rooms.now() - startedAt
    release(place, around)
    admission?.end(usedTokens(failure, exchange), running.wasSent)
    if (failure !== undefined || exchange.trace !== undefined)
      recordStep(deployment, failure, around, { startedAt, before, queuedMs: admission?.queuedMs })
  }
}

interface Begun {
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** Of the deployment's health. */
  readonly ticket: number
}

function createCall(
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
    ...(isStream && { onFirstEvent: recordFirstByte }),
  })
}

/** Its first byte comes when all is done, and its length is known. */
function isWhole({ isStream, endpoint }: Exchange): boolean {
  return !isStream && endpoint.answer === 'json'
}

function firstByteMsOf({ timeouts }: Deployment, { controls }: Asked): number {
  return Math.min(timeouts.firstByteMs, controls.firstByteMs ?? Infinity)
}

// After the first byte to the caller there is no second attempt.
function finalIfStarted(
  failure: GatewayError,
  answer: Answer,
  isReplayable: boolean,
): GatewayError {
  if (!answer.hasStarted && isReplayable) return failure
  const { code, message, param, cause, retryAfterSeconds, upstream, answeredStatus } = failure
  return new GatewayError(code, message, {
    isFinal: true,
    cause,
    ...(param === undefined ? {} : { param }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(answeredStatus === undefined ? {} : { answeredStatus }),
  })
}

function recordFailure(
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

/** As latency-based routing compares it: seconds an output token, or to the first byte of a stream. */
function recordSpeed({ health }: Deployment, { exchange, rooms }: Surroundings, startedAt: number) {
  if (exchange.serving.module.router.strategy !== 'latency-based-routing') return
  const now = rooms.now()
  const { isStream, firstByteMs, usage } = exchange
  const ms = isStream && firstByteMs !== undefined ? firstByteMs + exchange.startedAt : now
  const tokens = isStream ? 1 : (usage.completionTokens ?? 1)
  health.recordSpeed(isStream, (ms - startedAt) / 1000 / Math.max(1, tokens), now)
}

/** Undefined: not known, an estimate being no bound. What an upstream refused cost nothing. */
function usedTokens(failure: GatewayError | undefined, { usage }: Exchange): number | undefined {
  if (failure?.answeredStatus !== undefined) return 0
  return usage.isEstimated ? undefined : usage.totalTokens
}

interface Recorded {
  readonly startedAt: number
  readonly before: GateReport | undefined
  readonly queuedMs: number | undefined
}

function recordStep(
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
