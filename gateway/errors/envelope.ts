import { GatewayError } from './gateway-error.ts'

/** OpenAI's error body: what its SDKs turn into their exceptions. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

/** The envelope of a failure. Source: openai-node `core/error.ts` reads `error.{message,type,param,code}`. */
export function envelopeOf(error: GatewayError): ErrorEnvelope {
  return {
    error: {
      message: error.message,
      type: error.upstream?.type ?? error.kind.type,
      param: error.param ?? null,
      code: error.upstream?.code === undefined ? error.code : error.upstream.code,
    },
  }
}

const anthropicTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
}

/** Anthropic's error body, for `/v1/messages`. */
export function anthropicEnvelopeOf(error: GatewayError): unknown {
  const type =
    anthropicTypes[error.status] ?? (error.status < 500 ? 'invalid_request_error' : 'api_error')
  const { message, anthropicDetails: details } = error
  return { type: 'error', error: { type, message, ...(details && { details }) } }
}

/** Any thrown thing as a GatewayError; what is not one is our own fault and says nothing of its inside. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError(
    'internal_error',
    'The gateway failed on this request; its log says why.',
    {
      cause: thrown,
    },
  )
}
