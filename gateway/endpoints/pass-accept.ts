import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { carrierNames } from '../auth/key-carriers.ts'
import { authenticate, nobody } from '../auth/keyring.ts'
import { requirePassRight } from '../auth/pass-right.ts'
import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { Answer, callerGone } from '../pipeline/answer.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { takeFromQuery } from '../pipeline/pass-path.ts'
import { servePassed, type PassedBody, type PassedRequest } from '../pipeline/pass-through.ts'
import { createExchangeId } from './exchange-id.ts'
import type { Gateway } from './gateway.ts'
import { passedMethods, type Passage } from './passage.ts'
import { readBody } from './read-body.ts'

/** Takes a request for what is passed through, once its key may. Rejects with what stands against it. */
export async function acceptPassed(
  passage: Passage,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  gateway: Gateway,
): Promise<void> {
  const serving = gateway.requireServing()
  const { rooms } = gateway
  const id = createExchangeId()
  const own = raw.headers['x-litellm-call-id']
  const exchange = new Exchange({
    id,
    callId: typeof own === 'string' && /^[\w.:-]{1,128}$/.test(own) ? own : id,
    serving,
    endpoint: passage.endpoint,
    caller: nobody,
    startedAt: rooms.now(),
    startedAtMs: rooms.wallClock(),
  })
  let request: PassedRequest
  try {
    request = await readRequest(passage, raw, exchange, gateway)
    // Nothing more is heard of a message whose sender has left meanwhile.
    if (reply.raw.destroyed) throw callerGone()
  } catch (thrown) {
    const { code, status } = toGatewayError(thrown)
    exchange.outcome = code
    exchange.status = status
    rooms.refuse(exchange)
    throw thrown
  }
  reply.hijack()
  void servePassed(request, exchange, new Answer(reply.raw), rooms)
}

/** The request once its key is known to be good. */
async function readRequest(
  { prefix, queryKey, routeOf }: Passage,
  raw: IncomingMessage,
  exchange: Exchange,
  gateway: Gateway,
): Promise<PassedRequest> {
  const { keyring, module } = exchange.serving
  const [path = '', ...queries] = (raw.url ?? '').split('?')
  const asked = queries.length === 0 ? '' : `?${queries.join('?')}`
  const { query, value: key } = takeFromQuery(asked, queryKey)
  exchange.caller = await authenticate(withKey(raw.headers, key), keyring)
  requirePassRight(exchange.caller, { module: gateway.moduleName, path })
  // A whole address, or a name that is written with percent signs, would be routed here too.
  if (path !== prefix && !path.startsWith(`${prefix}/`))
    throw new GatewayError('invalid_request', `The path must begin with ${prefix} as it stands.`)
  const host = raw.headers.host ?? 'localhost'
  const { headerName } = keyring
  return {
    route: routeOf(path.slice(prefix.length)),
    method: passedMethods.find((one) => one === raw.method) ?? 'GET',
    query,
    headers: raw.headers,
    keyCarriers: headerName === undefined ? carrierNames : [...carrierNames, headerName],
    address: `${gateway.rooms.publicUrl ?? `http://${host}`}${prefix}`,
    body: bodyOf(raw, module.general),
  }
}

function withKey(headers: IncomingMessage['headers'], key: string | undefined) {
  const isShown = key === undefined || carrierNames.some((name) => headers[name] !== undefined)
  return isShown ? headers : { ...headers, 'x-goog-api-key': key }
}

interface Limits {
  readonly maxRequestBytes: number
  readonly maxUploadBytes: number
}

function bodyOf(raw: IncomingMessage, { maxRequestBytes, maxUploadBytes }: Limits): PassedBody {
  const { headers } = raw
  const length = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (length ?? '0') === '0') return { kind: 'none' }
  const read = () => readBody(raw, maxRequestBytes)
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity'
  if (isPlain && /^application\/([\w.-]+\+)?json/i.test(headers['content-type'] ?? ''))
    return { kind: 'json', read }
  if (Number(length ?? 0) > maxUploadBytes) throw tooLarge(maxUploadBytes)
  return { kind: 'flow', length, open: () => Readable.from(bounded(raw, maxUploadBytes)), read }
}

async function* bounded(raw: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  let length = 0
  // Who ends it early must not end the connection, on which the answer goes out.
  for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    yield bytes
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The body is larger than ${maxBytes / 1024 / 1024} MiB; general_settings.max_file_size_mb raises the limit.`,
  )
}
