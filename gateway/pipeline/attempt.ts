import type { IncomingHttpHeaders } from 'node:http'

import { keepCost } from '../accounting/charge.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { toGatewayError } from '../errors/envelope.ts'
import type { GateAdmission } from '../limits/gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import { fillWildcard } from '../routing/wildcard.ts'
import type { ModelGroup } from '../routing/router.ts'
import type { Answer } from './answer.ts'
import {
  finalIfStarted,
  recordFailure,
  recordSpeed,
  recordStep,
  usedTokens,
} from './attempt-outcome.ts'
import { authorize } from './authorize.ts'
import { coverAttempt } from './caller-limits.ts'
import type { Controls } from './controls.ts'
import { createCall } from './create-call.ts'
import type { Exchange } from './exchange.ts'
import type { LinkedFiles } from './inline-files.ts'
import type { ReadRequest } from './serve.ts'
import { notePrice } from './note-price.ts'
import type { Rooms } from './rooms.ts'
import { signCall } from './sign-call.ts'
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
  /** Deployments that rest after failures are asked, even where another model may take over. */
  readonly isRestBroken: boolean
  readonly controls: Controls
  readonly headers: IncomingHttpHeaders
  /** The request's Host header, for links handed out. */
  readonly host: string | undefined
}

export interface Surroundings {
  readonly exchange: Exchange
  readonly answer: Answer
  readonly rooms: Rooms
  /** Files that the request names by their addresses, fetched once for all attempts. */
  files?: LinkedFiles
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
  const isFirst = exchange.attempts === 0
  if (!isFirst) keepCost(exchange, rooms.now())
  exchange.attempts += 1
  exchange.deployment = deployment
  exchange.hasAnswerBegun = false
  if (!isFirst) exchange.usage = {}
  let outgoing: Outgoing
  try {
    requireCaller(around)
    const model = fillWildcard(deployment.target.model, asked.group, asked.model)
    notePrice(deployment, model, asked, exchange)
    if (!isFirst && exchange.admission) await coverAttempt(deployment, asked, around)
    const making = createOutgoing(deployment, model, asked, around)
    outgoing = making instanceof Promise ? await making : making
    if (deployment.credentials)
      outgoing = await authorize(outgoing, deployment, deployment.credentials, { asked, around })
    if (deployment.sign)
      outgoing = await signCall(outgoing, deployment.origin, deployment.sign, rooms.wallClock())
    requireCaller(around)
  } catch (thrown) {
    admission?.end(undefined, false)
    throw thrown
  }
  const startedAt = rooms.now()
  exchange.calledAt = startedAt
  const before = deployment.gate?.report(startedAt)
  const ticket = health.begin(startedAt)
  const running = outgoing.runConversation
    ? outgoing.runConversation({ deployment, outgoing, asked, around })
    : createCall(deployment, outgoing, asked, around, { startedAt, ticket })
  const place = hold(running, around)
  let failure: GatewayError | undefined
  try {
    await running.send(rooms.pool(deployment.origin, deployment.timeouts.connectMs))
    health.recordSuccess(rooms.wallClock(), ticket)
    recordSpeed(deployment, around, startedAt)
    rooms.countAttempt(exchange, deployment, 'ok', 200)
  } catch (thrown) {
    failure = finalIfStarted(toGatewayError(thrown), answer, outgoing.isReplayable())
    rooms.countAttempt(exchange, deployment, failure.code, failure.status)
    recordFailure(deployment, failure, asked, around, { startedAt, ticket })
    if (running.wasSent) billUnanswered(failure, asked, exchange)
    if (failure.limits) deployment.gate?.learn(failure.limits, rooms.now())
    throw failure
  } finally {
    health.end(ticket)
    exchange.wasSent ||= running.wasSent
    exchange.upstreamMs = (exchange.upstreamMs ?? 0) + rooms.now() - startedAt
    release(place, around)
    admission?.end(usedTokens(failure, exchange), running.wasSent)
    if (failure !== undefined || exchange.trace !== undefined)
      recordStep(deployment, failure, around, { startedAt, before, queuedMs: admission?.queuedMs })
  }
}
