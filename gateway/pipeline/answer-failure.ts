import { anthropicEnvelopeOf, envelopeOf, toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Answer } from './answer.ts'
import { addHeaders } from './answer-headers.ts'
import type { Exchange } from './exchange.ts'
import type { Rooms } from './rooms.ts'
import { errorEventOf } from './error-event.ts'

/** Ends a failed exchange: as an error body before the first byte, as an error event or a cut after it. */
export function answerFailure(
  thrown: unknown,
  exchange: Exchange,
  answer: Answer,
  rooms: Rooms,
): void {
  const failure = toGatewayError(thrown)
  exchange.outcome = failure.code
  logFailure(failure, exchange, rooms)
  if (answer.isGone || answer.hasEnded) return
  if (!answer.hasStarted) {
    const body =
      exchange.endpoint.errors === 'anthropic' ? anthropicEnvelopeOf(failure) : envelopeOf(failure)
    answerJson(answer, failure.status, addHeaders(retryAfter(failure), exchange), body)
  } else if (exchange.isStream) {
    const code = failure.code === 'caller_deadline' ? failure.code : 'stream_interrupted'
    exchange.outcome = code
    const error = new GatewayError(code, failure.message)
    answer.end(exchange.voice?.onError?.(error) ?? errorEventOf(error, exchange.endpoint))
  } else {
    exchange.outcome = 'stream_interrupted'
    answer.cut()
  }
}

/** Sends a JSON body with its length. */
function answerJson(
  answer: Answer,
  status: number,
  headers: readonly string[],
  body: unknown,
): void {
  const bytes = Buffer.from(JSON.stringify(body))
  answer.start(status, [
    'content-type',
    'application/json',
    'content-length',
    `${bytes.length}`,
    ...headers,
  ])
  answer.end(bytes)
}

function retryAfter(failure: GatewayError): string[] {
  return failure.retryAfterSeconds === undefined
    ? []
    : ['retry-after', `${Math.ceil(failure.retryAfterSeconds)}`]
}

function logFailure(failure: GatewayError, exchange: Exchange, { log }: Rooms): void {
  const facts = {
    call: exchange.callId,
    model: exchange.group,
    endpoint: exchange.endpoint.name,
    code: failure.code,
    deployment: exchange.deployment?.id,
    attempts: exchange.attempts,
    err: failure.code === 'internal_error' ? failure.cause : undefined,
    cause: describe(failure.cause),
  }
  if (failure.code === 'internal_error') log.error(facts, failure.message)
  else if (failure.kind.hurts) log.warn(facts, failure.message)
  else log.debug(facts, failure.message)
}

function describe(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  if (cause instanceof Error) return cause.message
  return typeof cause === 'string' ? cause : JSON.stringify(cause)
}
