import { GatewayError } from '../errors/gateway-error.ts'

/** A request field of the wrong shape. */
export function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', `'${param}' ${message}`, { param })
}

/** What no chat model can be asked in OpenAI's words. */
export function unsupported(param: string, reason: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `'${param}' is not possible with this model: ${reason}`,
    { param },
  )
}

/** A chat answer that is none. */
export function nonsense(what: string, model: string): GatewayError {
  return new GatewayError(
    'upstream_nonsense',
    `The server behind model '${model}' gave an answer that cannot be read: ${what}.`,
  )
}
