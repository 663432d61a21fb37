import { isObject } from '../../modules/json-object.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { ModelRequest } from './provider.ts'
import { textOf, type JsonObject } from './read-json.ts'
import { mapUpstreamError } from './upstream-error.ts'

// What it would have answered with, had it not begun with a 200.
const statuses: Readonly<Record<string, number>> = {
  accessDeniedException: 403,
  internalServerException: 500,
  modelErrorException: 424,
  modelNotReadyException: 429,
  modelStreamErrorException: 424,
  modelTimeoutException: 408,
  resourceNotFoundException: 404,
  serviceQuotaExceededException: 429,
  serviceUnavailableException: 503,
  throttlingException: 429,
  validationException: 400,
}

/** The failure that an event of a stream tells of; undefined where it is none. */
export function failureIn(event: JsonObject, request: ModelRequest): GatewayError | undefined {
  const [kind = ''] = Object.keys(event)
  if (kind !== 'error' && !/Exception$/i.test(kind)) return undefined
  const told = isObject(event[kind]) ? event[kind] : {}
  const code = textOf(told.code) || kind
  const name = code.charAt(0).toLowerCase() + code.slice(1)
  const status = Object.hasOwn(statuses, name) ? statuses[name] : undefined
  return mapUpstreamError({
    status: status ?? 500,
    headers: {},
    body: Buffer.from(JSON.stringify({ message: told.message ?? told.Message, type: code })),
    model: request.model,
    provider: 'bedrock',
    nowMs: 0,
  })
}
