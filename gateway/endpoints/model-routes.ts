import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { pathOf, pathsOf } from '../../modules/endpoints.ts'
import { fieldOf } from '../../modules/json-object.ts'
import { authenticate, nobody, type Caller } from '../auth/keyring.ts'
import { requireUse } from '../auth/rights.ts'
import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { Answer, callerGone } from '../pipeline/answer.ts'
import type { Endpoint } from '../pipeline/endpoint.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { readJsonRequest } from '../pipeline/json-request.ts'
import { serve, type ReadRequest } from '../pipeline/serve.ts'
import type { Gateway } from './gateway.ts'
import { createExchangeId } from './exchange-id.ts'
import { endpointElsewhere } from './elsewhere.ts'
import { endpoints } from './index.ts'
import { readBodyAs } from './read-body.ts'

/** The paths of every model endpoint, with and without `/v1`, and in LiteLLM's two forms that name the model. */
export function addModelRoutes(app: FastifyInstance, gateway: Gateway): void {
  const handlers = new Map<string, OnRequest>()
  for (const endpoint of endpoints) {
    const path = pathOf(endpoint.name)
    // Taken at the first hook: what Fastify does between it and a handler is for bodies it reads itself.
    const onRequest: OnRequest = (request, reply, done) => {
      try {
        accept({ endpoint, request, reply, gateway }, done)
      } catch (thrown) {
        done(errorOf(thrown))
      }
    }
    handlers.set(path.slice(1), onRequest)
    for (const url of [...pathsOf(endpoint.name), `/openai/deployments/:model${path}`])
      app.post(url, { onRequest }, neverReached)
  }
  // One route for all endpoints: each costs time at the start.
  const onRequest: OnRequest = (request, reply, done) => {
    const found = handlers.get(String(fieldOf(request.params, '*')))
    if (found) found(request, reply, done)
    else reply.callNotFound()
  }
  for (const url of ['/engines/:model/*', '/v1/engines/:model/*'])
    app.post(url, { onRequest }, neverReached)
}

type HookDone = (error?: Error) => void
type OnRequest = (request: FastifyRequest, reply: FastifyReply, done: HookDone) => void

const neverReached = (): undefined => undefined

interface Arrival {
  readonly endpoint: Endpoint
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly gateway: Gateway
}

/** Takes a request of the master key or of a virtual key that is known at once; others when their key is looked up. */
function accept(arrival: Arrival, done: HookDone): void {
  const { endpoint, request, gateway } = arrival
  const exchange = begin(endpoint, request, gateway)
  const caller = orRefuse(exchange, gateway, () =>
    authenticate(request.raw.headers, exchange.serving.keyring),
  )
  if (caller instanceof Promise) void acceptLater(arrival, exchange, caller, done)
  else take(arrival, exchange, caller)
}

async function acceptLater(
  arrival: Arrival,
  exchange: Exchange,
  caller: Promise<Caller>,
  done: HookDone,
): Promise<void> {
  try {
    const found = await caller.catch((thrown) => refuse(exchange, arrival.gateway, thrown))
    // Nothing more is heard of a message whose sender has left meanwhile.
    if (arrival.request.raw.destroyed) refuse(exchange, arrival.gateway, callerGone())
    take(arrival, exchange, found)
  } catch (thrown) {
    done(errorOf(thrown))
  }
}

// Ours to answer once nothing is refused: the pipeline writes to the raw response.
function take(
  { endpoint, request, reply, gateway }: Arrival,
  exchange: Exchange,
  caller: Caller,
): void {
  exchange.caller = caller
  orRefuse(exchange, gateway, () => admit(exchange, request, gateway.moduleName))
  reply.hijack()
  const answer = new Answer(reply.raw)
  const incoming = {
    headers: request.raw.headers,
    pathModel: pathModelOf(request.params),
    read: () => readRequest(endpoint, request, exchange, gateway),
  }
  void serve(exchange, incoming, answer, gateway.rooms)
}

function orRefuse<T>(exchange: Exchange, gateway: Gateway, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    return refuse(exchange, gateway, thrown)
  }
}

function refuse(exchange: Exchange, gateway: Gateway, thrown: unknown): never {
  const { code, status } = toGatewayError(thrown)
  exchange.outcome = code
  exchange.status = status
  gateway.rooms.refuse(exchange)
  throw thrown
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function begin(endpoint: Endpoint, { raw }: FastifyRequest, gateway: Gateway): Exchange {
  const serving = gateway.requireServing()
  const id = createExchangeId()
  const ownId = raw.headers['x-litellm-call-id']
  return new Exchange({
    id,
    callId: typeof ownId === 'string' && /^[\w.:-]{1,128}$/.test(ownId) ? ownId : id,
    serving,
    endpoint,
    caller: nobody,
    startedAt: gateway.rooms.now(),
    startedAtMs: gateway.rooms.wallClock(),
  })
}

/** What can be refused before the body is read: what the key may do, the endpoint, the body's kind. */
function admit(exchange: Exchange, request: FastifyRequest, module: string): void {
  const { endpoint, serving, caller } = exchange
  if (caller.access) requireUse(caller, { module, path: `/v1${pathOf(endpoint.name)}` })
  if (!serving.module.endpoints.includes(endpoint.name)) {
    throw endpointElsewhere(endpoint.name, serving.module)
  }
  refuseUnreadable(endpoint, request)
}

function refuseUnreadable(endpoint: Endpoint, { raw }: FastifyRequest): void {
  const encoding = raw.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new GatewayError('unsupported_media_type', 'Send the body without content-encoding.')
  }
  const wanted = endpoint.body === 'json' ? 'application/json' : 'multipart/form-data'
  const type = raw.headers['content-type']
  const isWanted =
    endpoint.body === 'json' ? isJson(type) : type?.toLowerCase().startsWith('multipart/form-data')
  if (isWanted) return
  throw new GatewayError(
    'unsupported_media_type',
    `Unsupported content type: expected ${wanted}, found ${type === undefined ? 'none' : JSON.stringify(type.slice(0, 100))}.`,
  )
}

function isJson(type: string | undefined): boolean {
  return (
    type === undefined ||
    type === 'application/json' ||
    /^application\/(json|[\w.]+\+json)\s*(;|$)/i.test(type)
  )
}

function readRequest(
  endpoint: Endpoint,
  { raw }: FastifyRequest,
  exchange: Exchange,
  gateway: Gateway,
): Promise<ReadRequest> {
  const { general } = exchange.serving.module
  if (endpoint.body === 'json') return readBodyAs(raw, general.maxRequestBytes, readJsonRequest)
  const options = {
    maxUploadBytes: general.maxUploadBytes,
    folder: gateway.uploadFolder,
    // Only a dialect of our own needs the whole form first.
    mayFlow: endpoint.answer !== 'json',
  }
  return import('../pipeline/read-form.ts').then(({ readForm }) => {
    if (raw.destroyed) throw callerGone()
    return readForm(raw, options)
  })
}

function pathModelOf(params: unknown): string | undefined {
  const model = fieldOf(params, 'model')
  return typeof model === 'string' ? model : undefined
}
