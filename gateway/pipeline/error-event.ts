import { anthropicEnvelopeOf, envelopeOf } from '../errors/envelope.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * The well-formed last event of a stream that failed, so that no SDK takes half an answer for a whole one. OpenAI's
 * raise on data with an `error`; Anthropic's looks at named events alone and raises on that name.
 */
export function errorEventOf(error: GatewayError, { errors }: Endpoint): string {
  return errors === 'anthropic'
    ? `event: error\ndata: ${JSON.stringify(anthropicEnvelopeOf(error))}\n\n`
    : `data: ${JSON.stringify(envelopeOf(error))}\n\n`
}
