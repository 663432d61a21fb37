import { GatewayError } from '../errors/gateway-error.ts'

const plainWords: Record<string, string> = {
  ECONNREFUSED: 'it refuses the connection; is the server running?',
  ENOTFOUND: 'its host name is unknown to DNS',
  EAI_AGAIN: 'DNS does not answer for its host name',
  EHOSTUNREACH: 'there is no route to its host',
  ENETUNREACH: 'there is no route to its network',
  UND_ERR_CONNECT_TIMEOUT: 'it does not take the connection in time',
  ETIMEDOUT: 'it does not take the connection in time',
  ECONNRESET: 'it closed the connection without an answer',
  UND_ERR_SOCKET: 'it closed the connection without an answer',
  EPIPE: 'it closed the connection without an answer',
}

/** What a failed connection means to the caller. The address stays in the cause, for the log. */
export function fromTransport(cause: Error & { code?: string }, model: string): GatewayError {
  // A body that comes from the caller may break off on its side: that is no fault of the upstream.
  if (cause instanceof GatewayError) return cause
  const code = cause.code ?? ''
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new GatewayError('upstream_timeout', `The server behind model ${model} fell silent.`, {
      cause,
    })
  }
  if (
    cause.name === 'HTTPParserError' ||
    code === 'UND_ERR_RESPONSE_STATUS_CODE' ||
    code === 'UND_ERR_HEADERS_OVERFLOW'
  ) {
    return new GatewayError(
      'upstream_nonsense',
      `The server behind model ${model} does not speak HTTP properly.`,
      {
        cause,
      },
    )
  }
  const words = plainWords[code] ?? 'the connection failed'
  return new GatewayError(
    'upstream_unreachable',
    `The server behind model ${model} cannot be reached: ${words}.`,
    {
      cause,
    },
  )
}
