import { estimateUsage, type Produced } from '../accounting/estimate-usage.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { estimatePromptTokens } from '../routing/prompt-tokens.ts'
import type { Asked } from './attempt.ts'
import type { Exchange } from './exchange.ts'

/** What a stream has used: as it was told where it came to its end, with an estimate of the rest where not. */
export function billStream(
  produced: Produced,
  isWhole: boolean,
  { request }: Asked,
  exchange: Exchange,
): void {
  const { told } = produced
  const isTold = isWhole && told.totalTokens !== undefined
  exchange.usage =
    isTold || !isCountedInTokens(exchange)
      ? told
      : estimateUsage(produced, () => estimatePromptTokens(request.fields))
}

/** What a request may cost that was sent and of which no answer came: its prompt. A refusal costs nothing. */
export function billUnanswered(
  { code, answeredStatus }: GatewayError,
  { request }: Asked,
  exchange: Exchange,
): void {
  if (answeredStatus !== undefined || code === 'upstream_failed') return
  if (exchange.usage.totalTokens !== undefined || !isCountedInTokens(exchange)) return
  exchange.usage = estimateUsage({ told: {}, tokens: 0 }, () =>
    estimatePromptTokens(request.fields),
  )
}

// Pictures and sound have other units.
function isCountedInTokens({ endpoint }: Exchange): boolean {
  return endpoint.body === 'json' && !/^(images|audio)-/.test(endpoint.name)
}
