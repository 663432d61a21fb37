import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'

import { toGatewayError } from '../errors/envelope.ts'
import type { Deployment } from '../routing/deployment.ts'
import { UpstreamCall } from '../upstream/call.ts'
import type { Answer } from './answer.ts'
import { answerFailure } from './answer-failure.ts'
import type { Surroundings } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { sentHeaders } from './pass-headers.ts'
import { joinQueries, stemOf } from './pass-path.ts'
import { admitPassed, admitPassingCaller } from './pass-admission.ts'
import { openPassed, type Passing } from './pass-reader.ts'
import { destinationOf, type Destination, type PassRoute } from './pass-destination.ts'
import type { Rooms } from './rooms.ts'
import { hold, release, requireCaller } from './under-way.ts'

/** A request for what the gateway does not translate, as it came. */
export interface PassedRequest {
  readonly route: PassRoute
  readonly method: Dispatcher.HttpMethod
  /** With its question mark, without keys. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** Headers that carry keys of ours. */
  readonly keyCarriers: readonly string[]
  /** `http://host:port/name`, by which callers reach what stands behind. */
  readonly address: string
  readonly body: PassedBody
}

/** Nothing; JSON, which is read whole; or whatever flows through. */
export type PassedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; read(): Promise<Buffer> }
  | {
      readonly kind: 'flow'
      readonly length: string | undefined
      open(): Readable
      read(): Promise<Buffer>
    }

/** One request's way to a provider in its own dialect and back, both as they are. Never rejects. */
export async function servePassed(
  request: PassedRequest,
  exchange: Exchange,
  answer: Answer,
  rooms: Rooms,
): Promise<void> {
  rooms.begin()
  const around = { exchange, answer, rooms }
  try {
    exchange.outcome = await pass(request, around)
  } catch (thrown) {
    // A dialect's stream has an error form of its own, if any: a cut is never taken for an end.
    if (answer.hasStarted) exchange.isStream = false
    answerFailure(thrown, exchange, answer, rooms)
  } finally {
    exchange.status = answer.isGone ? 499 : answer.status
    rooms.settle(exchange)
  }
}

/** Gives the outcome: `ok`, or what the upstream's own refusal is called in the catalogue. */
async function pass(request: PassedRequest, around: Surroundings): Promise<string> {
  const { exchange } = around
  const bytes = request.body.kind === 'json' ? await request.body.read() : undefined
  const said = bytes && tryParse(bytes)
  const destination = destinationOf(request.route, request.method, said, around)
  const { deployment, model = '' } = destination
  exchange.model = model
  exchange.group = deployment.modelName
  exchange.currentGroup = deployment.modelName
  exchange.upstreamModel = model
  await admitPassingCaller(said, bytes?.length ?? 0, deployment, around)
  const call = await createCall(request, bytes, destination, around.rooms)
  const admission = await admitPassed(deployment, bytes?.length ?? 0, around)
  try {
    return await send(call, request, destination, around)
  } finally {
    admission?.end(exchange.usage.totalTokens, exchange.wasSent)
  }
}

async function send(
  call: Call,
  request: PassedRequest,
  { deployment, model, isPaid }: Destination,
  around: Surroundings,
): Promise<string> {
  const { exchange, rooms } = around
  const usageReader = await deployment.provider.usageReader?.()
  // From here to the call nothing is waited for: who leaves later ends that.
  requireCaller(around)
  exchange.deployment = isPaid ? deployment : withoutPrice(deployment)
  exchange.attempts = 1
  const startedAt = rooms.now()
  exchange.calledAt = startedAt
  let outcome = 'ok'
  const passing: Passing = {
    deployment,
    masks: masksOf(request, deployment),
    isPaid,
    usageReader,
    around,
    onRefusal: ({ code }) => (outcome = code),
  }
  const { connectMs, totalMs, idleMs, streamMs } = deployment.timeouts
  const running = new UpstreamCall({
    ...call,
    model: model ?? deployment.provider.name,
    connectMs,
    timeoutMs: totalMs,
    idleMs,
    streamMs,
    open: (head, opened) => openPassed(head, opened, passing),
  })
  const place = hold(running, around)
  try {
    await running.send(rooms.pool(deployment.origin, connectMs))
    rooms.countAttempt(exchange, deployment, outcome, around.answer.status)
    return outcome
  } catch (thrown) {
    const { code, status } = toGatewayError(thrown)
    rooms.countAttempt(exchange, deployment, code, status)
    throw thrown
  } finally {
    exchange.upstreamMs = rooms.now() - startedAt
    exchange.wasSent = running.wasSent
    if (model === undefined && exchange.usage.totalTokens === undefined)
      exchange.deployment = withoutPrice(deployment)
    release(place, around)
  }
}

/** What has no model and tells no usage has no cost that anybody missed. */
function withoutPrice(deployment: Deployment): Deployment {
  const { pricing: _, ...rest } = deployment
  return rest
}

interface Call {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | Readable | null
}

/** The call with the deployment's key, token or signature in it. */
async function createCall(
  { method, query, headers: callers, keyCarriers, body }: PassedRequest,
  json: Buffer | undefined,
  { deployment, path: asked }: Destination,
  rooms: Rooms,
): Promise<Call> {
  const { credentials, sign, origin } = deployment
  const [bare = '', ...own] = asked.split('?')
  const path = bare + joinQueries(own.length === 0 ? '' : `?${own.join('?')}`, query)
  // A signature is of the whole body.
  const bytes = json ?? (sign && body.kind === 'flow' ? await body.read() : undefined)
  const token = credentials ? await rooms.tokenFor(credentials) : []
  const { 'content-length': _, ...told } = callers
  const given = [...token, ...deployment.headers]
  const headers = sentHeaders(told, { ...deployment, headers: given }, keyCarriers)
  if (sign) {
    const { host } = new URL(origin)
    const finished = { method, path, headers, host, body: bytes ?? Buffer.alloc(0) }
    headers.push(...(await sign(finished, rooms.wallClock())))
  }
  if (bytes !== undefined || body.kind !== 'flow')
    return { method, path, headers, body: bytes ?? null }
  if (body.length !== undefined) headers.push('content-length', body.length)
  return { method, path, headers, body: body.open() }
}

function masksOf({ route, address }: PassedRequest, { origin, basePath, secrets }: Deployment) {
  const { host } = new URL(origin)
  return {
    upstream: origin + (route.kind === 'own' ? basePath : stemOf(basePath)),
    own: address,
    // Its host is what addresses of files begin with, which a caller needs as they are.
    secrets: secrets.filter((secret) => secret !== host && secret.length > 3),
  }
}

function tryParse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
