import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { pathOf, pathsOf } from '../../modules/endpoints.ts'
import { authenticate, nobody } from '../auth/keyring.ts'
import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { Answer } from '../pipeline/answer.ts'
import type { Endpoint } from '../pipeline/endpoint.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { readJsonRequest } from '../pipeline/json-request.ts'
import { readForm } from '../pipeline/read-form.ts'
import { serve, type ReadRequest } from '../pipeline/serve.ts'
import type { Gateway } from './gateway.ts'
import { createExchangeId } from './exchange-id.ts'
import { endpointElsewhere } from './elsewhere.ts'
import { endpoints } from './index.ts'
import { readBody } from './read-body.ts'

/** The paths of every model endpoint, with and without `/v1`, and in LiteLLM's two forms that name the model. */
export function addModelRoutes(app: FastifyInstance, gateway: Gateway): void {
  for (const endpoint of endpoints) {
    const path = pathOf(endpoint.name)
    // Taken at the first hook: what Fastify does between it and a handler is for bodies it reads itself.
    const onRequest = (request: FastifyRequest, reply: FastifyReply, done: HookDone): void => {
      try {
        accept(endpoint, request, reply, gateway)
      } catch (thrown) {
        done(thrown instanceof Error ? thrown : new Error(String(thrown)))
      }
    }
    for (const url of [
      ...pathsOf(endpoint.name),
      `/engines/:model${path}`,
      `/v1/engines/:model${path}`,
      `/openai/deployments/:model${path}`,
    ]) {
      app.post(url, { onRequest }, neverReached)
    }
  }
}

type HookDone = (error?: Error) => void

const neverReached = (): undefined => undefined

// Ours to answer once nothing is refused: the pipeline writes to the raw response.
function accept(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  gateway: Gateway,
): void {
  const exchange = begin(endpoint, request, gateway)
  try {
    admit(exchange, request)
  } catch (thrown) {
    const { code, status } = toGatewayError(thrown)
    exchange.outcome = code
    exchange.status = status
    gateway.rooms.refuse(exchange)
    throw thrown
  }
  reply.hijack()
  const answer = new Answer(reply.raw)
  const incoming = {
    headers: request.raw.headers,
    pathModel: pathModelOf(request.params),
    read: () => readRequest(endpoint, request, exchange, gateway),
  }
  void serve(exchange, incoming, answer, gateway.rooms)
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

/** What can be refused before the body is read: the key, the endpoint, the body's kind. */
function admit(exchange: Exchange, request: FastifyRequest): void {
  const { endpoint, serving } = exchange
  exchange.caller = authenticate(request.raw.headers, serving.keyring)
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
  if (endpoint.body === 'json') return readBody(raw, general.maxRequestBytes).then(readJsonRequest)
  // Only a dialect of our own needs the whole form first.
  const mayFlow = endpoint.answer !== 'json'
  return readForm(raw, {
    maxUploadBytes: general.maxUploadBytes,
    folder: gateway.uploadFolder,
    mayFlow,
  })
}

function pathModelOf(params: unknown): string | undefined {
  const model =
    params !== null && typeof params === 'object' ? Reflect.get(params, 'model') : undefined
  return typeof model === 'string' ? model : undefined
}
