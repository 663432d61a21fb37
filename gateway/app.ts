import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { addCountTokens } from './endpoints/count-tokens.ts'
import { addConfigStatus } from './endpoints/config-status.ts'
import { endpointElsewhere, endpointOf } from './endpoints/elsewhere.ts'
import type { Gateway } from './endpoints/gateway.ts'
import { addExplain } from './endpoints/explain.ts'
import { addHealth } from './endpoints/health.ts'
import { addImageFiles } from './endpoints/image-files.ts'
import { addKeptResponses } from './endpoints/responses.ts'
import { addMetrics } from './endpoints/metrics.ts'
import { addModelList } from './endpoints/models.ts'
import { addModelRoutes } from './endpoints/model-routes.ts'
import { acceptOwnPath } from './endpoints/pass-own-path.ts'
import { addPassThrough } from './endpoints/pass-through.ts'
import { withoutRoot } from './endpoints/root-path.ts'
import { forgetRest } from './endpoints/unread-rest.ts'
import { anthropicEnvelopeOf, envelopeOf, toGatewayError } from './errors/envelope.ts'
import { GatewayError } from './errors/gateway-error.ts'
import { createManagement } from './management/index.ts'

const headersTimeoutMs = 60_000
const requestTimeoutMs = 900_000
const keepAliveMs = 75_000

// No route of ours has a Fastify schema: without these its compilers would be loaded, a hundred files.
const noSchemas = { buildValidator: refuseSchema, buildSerializer: refuseSchema }

function refuseSchema(): never {
  throw new Error('a route has a schema, and the app has no compiler for it')
}

/** The HTTP face of a gateway: routes, errors and the door for hostile bytes. */
export function createApp(
  gateway: Gateway,
  options: { isDraining: () => boolean; rootPath?: string | undefined },
): FastifyInstance {
  const app = Fastify({
    // Its logger would make a child of itself for each request; exchanges log under their call id.
    logger: false,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: false,
    return503OnClosing: false,
    exposeHeadRoutes: true,
    schemaController: { compilersFactory: noSchemas },
    // Node would answer without a body; the hook below has the envelope.
    http: { requireHostHeader: false },
    ...(options.rootPath === undefined ? {} : { rewriteUrl: withoutRoot(options.rootPath) }),
    clientErrorHandler: (error, socket) => refuseBrokenRequest(error, socket),
    frameworkErrors: (error, request, reply) => answerError(error, { request, reply, gateway }),
  })
  app.server.headersTimeout = headersTimeoutMs
  takeBodiesRaw(app)
  app.setErrorHandler((thrown, request, reply) => answerError(thrown, { request, reply, gateway }))
  const management = createManagement(gateway)
  app.setNotFoundHandler(async (request, reply) => {
    if (await management.answer(request, reply)) return reply
    if (await acceptOwnPath(request, reply, gateway)) return reply
    throw notFound(request, gateway, (method, path) => {
      return hasRoute(app, method, path) || management.hasPath(method, path)
    })
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    if (options.isDraining()) void reply.raw.setHeader('connection', 'close')
    if (!isShort(raw)) forgetRest(raw, reply.raw)
    if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return done()
    void reply.header('connection', 'close')
    done(new GatewayError('invalid_request', 'The request has no Host header.'))
  })
  app.server.on('checkExpectation', refuseExpectation)
  addHealth(app, gateway)
  addModelRoutes(app, gateway)
  addModelList(app, gateway)
  addImageFiles(app, gateway)
  addKeptResponses(app, gateway)
  addConfigStatus(app, gateway)
  addMetrics(app, gateway)
  addExplain(app, gateway)
  addCountTokens(app, gateway)
  addPassThrough(app, gateway)
  return app
}

/** The metrics alone, for a port of their own. */
export function createMetricsApp(gateway: Gateway): FastifyInstance {
  const app = Fastify({ logger: false, schemaController: { compilersFactory: noSchemas } })
  app.setErrorHandler((thrown, request, reply) => answerError(thrown, { request, reply, gateway }))
  addMetrics(app, gateway)
  return app
}

// Endpoints read the raw message themselves, within the limits of the configuration that serves.
function takeBodiesRaw(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, __, done) => done(null))
}

interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly gateway: Gateway
}

function answerError(thrown: unknown, { request, reply, gateway }: Asked): void {
  const error = fromFramework(thrown) ?? toGatewayError(thrown)
  if (error.code === 'internal_error') gateway.rooms.log.error({ err: error.cause }, error.message)
  if (error.retryAfterSeconds !== undefined)
    void reply.header('retry-after', Math.ceil(error.retryAfterSeconds))
  const isAnthropic = /^(\/v1)?\/messages([/?]|$)/.test(request.url)
  void reply.code(error.status).header('content-type', 'application/json')
  void reply.send(JSON.stringify(isAnthropic ? anthropicEnvelopeOf(error) : envelopeOf(error)))
}

const shortBytes = 64 * 1024

// A small JSON body is in before any answer is; the others may be under way when it goes out.
function isShort({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  if (length === undefined) return headers['transfer-encoding'] === undefined
  return Number(length) <= shortBytes && !headers['content-type']?.startsWith('multipart/')
}

function fromFramework(thrown: unknown): GatewayError | undefined {
  if (!isFastifyError(thrown)) return undefined
  const { statusCode = 500, code } = thrown
  if (statusCode < 400 || statusCode >= 500) return undefined
  if (statusCode === 413)
    return new GatewayError('request_too_large', 'The request body is too large.')
  if (statusCode === 415) {
    return new GatewayError('unsupported_media_type', 'The content-type header is not valid.')
  }
  const words =
    code === 'FST_ERR_BAD_URL' ? 'The path is not a valid URL.' : 'The request is not valid HTTP.'
  return new GatewayError('invalid_request', words, { cause: thrown })
}

function isFastifyError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('FST_')
}

function notFound(
  request: FastifyRequest,
  gateway: Gateway,
  isTaken: (method: 'GET' | 'POST', path: string) => boolean,
): GatewayError {
  const path = request.url.split('?')[0] ?? ''
  const method = (['GET', 'POST'] as const).find(
    (other) => other !== request.method && isTaken(other, path),
  )
  if (method)
    return new GatewayError(
      'method_not_allowed',
      `${path.slice(0, 200)} takes ${method}, not ${request.method}.`,
    )
  const endpoint = endpointOf(path)
  const { serving } = gateway.configuration
  if (endpoint && serving) return endpointElsewhere(endpoint, serving.module)
  return new GatewayError(
    'not_found',
    `There is no ${request.method} ${path.slice(0, 200)} here. \`GET /v1/models\` is a good first question.`,
  )
}

function hasRoute(app: FastifyInstance, method: 'GET' | 'POST', url: string): boolean {
  return app.findRoute({ method, url }) !== null || app.hasRoute({ method, url })
}

function refuseExpectation(_: IncomingMessage, response: ServerResponse): void {
  const error = new GatewayError('invalid_request', 'The Expect header asks for what is unknown.')
  const body = JSON.stringify(envelopeOf(error))
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  response.writeHead(417, { ...headers, connection: 'close' }).end(body)
}

const reasons: Readonly<Record<string, [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'The headers are larger than 16 KiB.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not arrive in time.'],
}

/** Bytes that are no sound HTTP (two lengths, a bare line feed, half a chunk) end here, in OpenAI's envelope. */
function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, phrase, message] = reasons[error.code ?? ''] ?? [
    400,
    'Bad Request',
    'The request is not valid HTTP.',
  ]
  const body = JSON.stringify(envelopeOf(new GatewayError('invalid_request', message)))
  const head = `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`
  socket.end(head + body)
}
