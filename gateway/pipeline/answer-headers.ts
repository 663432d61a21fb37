import type { IncomingHttpHeaders } from 'node:http'

import type { Exchange } from './exchange.ts'

/** Headers of every answer to an exchange, flat: LiteLLM's names that clients read. */
export function headersOf(exchange: Exchange): string[] {
  const headers = [
    'x-litellm-call-id',
    exchange.callId,
    'x-config-generation',
    `${exchange.serving.generation}`,
  ]
  const { deployment } = exchange
  if (deployment) {
    headers.push(
      'x-litellm-model-id',
      deployment.id,
      'x-litellm-model-group',
      exchange.group,
      'x-litellm-attempted-retries',
      `${Math.max(0, exchange.attempts - 1)}`,
      'x-litellm-attempted-fallbacks',
      '0',
    )
    if (exchange.caller.isMaster) {
      headers.push('x-litellm-model-api-base', deployment.origin + deployment.basePath)
    }
  }
  return headers
}

/** What an upstream says of its limits, and its request id, go on to the caller. */
export function passedHeaders(from: IncomingHttpHeaders): string[] {
  const passed: string[] = []
  for (const name in from) {
    if (
      !name.startsWith('x-ratelimit-') &&
      name !== 'x-request-id' &&
      name !== 'openai-processing-ms'
    )
      continue
    const value = from[name]
    if (typeof value === 'string') passed.push(name, value)
  }
  return passed
}
