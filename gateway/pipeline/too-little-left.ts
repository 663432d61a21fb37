import { GatewayError } from '../errors/gateway-error.ts'
import type { GateReport } from '../limits/gate.ts'

/** The error where quotas have something left everywhere, and nowhere as much as a request may need. */
export function tooLittleLeft(model: string, { quotas }: GateReport): GatewayError {
  const tokens = quotas.filter(({ unit }) => unit === 'tokens')
  const scarcest = tokens.toSorted((a, b) => a.remaining - b.remaining)[0]
  const what = scarcest
    ? `${scarcest.remaining} of ${scarcest.amount} tokens per ${scarcest.per}`
    : 'too little'
  return new GatewayError(
    'rate_limit_exceeded',
    `The quota behind the model ${model} has ${what} left, and this request may need more. Lower its max_tokens, shorten its prompt, or ask again later.`,
    { retryAfterSeconds: Math.max(1, Math.ceil((scarcest?.resetsInMs ?? 0) / 1000)) },
  )
}
