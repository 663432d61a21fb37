import type { IncomingHttpHeaders } from 'node:http'

import type { Cost } from '../accounting/cost.ts'
import { dollarsText } from '../accounting/money.ts'
import type { Exchange } from './exchange.ts'

/** Adds the headers of every answer to an exchange, flat: LiteLLM's names that clients read. */
export function addHeaders(headers: string[], exchange: Exchange): string[] {
  headers.push('x-litellm-call-id', exchange.callId)
  headers.push('x-config-generation', `${exchange.serving.generation}`)
  const { deployment, admission } = exchange
  if (admission) for (const text of admission.headers()) headers.push(text)
  if (!deployment) return headers
  headers.push('x-litellm-model-id', deployment.id, 'x-litellm-model-group', exchange.currentGroup)
  headers.push('x-litellm-attempted-retries', `${exchange.retries}`)
  headers.push('x-litellm-attempted-fallbacks', `${exchange.fallbacks}`)
  if (exchange.cost) addCost(headers, exchange.cost)
  if (exchange.queuedMs) headers.push('x-queue-position', `${exchange.queuePosition}`)
  if (exchange.caller.isMaster) {
    headers.push('x-litellm-model-api-base', deployment.origin + deployment.basePath)
  }
  return headers
}

/** What it cost; where a discount or a margin is in it also what it was without, and how much they are. */
function addCost(headers: string[], { total, change }: Cost): void {
  headers.push('x-litellm-response-cost', dollarsText(total))
  if (!change) return
  const { original, discount, margin, marginPart } = change
  headers.push('x-litellm-response-cost-original', dollarsText(original))
  if (discount > 0) headers.push('x-litellm-response-cost-discount-amount', dollarsText(discount))
  if (margin === 0) return
  headers.push('x-litellm-response-cost-margin-amount', dollarsText(margin))
  headers.push('x-litellm-response-cost-margin-percent', `${marginPart}`)
}

const lowerO = 0x6f
const lowerX = 0x78

/** Adds what an upstream says of its limits where the caller has none of its own, and its request id. */
export function addPassed(headers: string[], from: IncomingHttpHeaders): string[] {
  let hasOwn: boolean | undefined
  for (const name in from) {
    const first = name.charCodeAt(0)
    if (first !== lowerX && first !== lowerO) continue
    if (name.startsWith('x-ratelimit-')) {
      hasOwn ??= headers.some((text) => text.startsWith('x-ratelimit-'))
      if (hasOwn) continue
    } else if (name !== 'x-request-id' && name !== 'openai-processing-ms') continue
    const value = from[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  return headers
}
