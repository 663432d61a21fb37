import { GatewayError } from './gateway-error.ts'

/** An upstream that broke its dialect; `what` it did follows its name: "ended its stream before the first event". */
export function upstreamNonsense(what: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_nonsense', `The server behind this model ${what}.`, { cause })
}
