import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'

const otherCarriers = ['x-api-key', 'api-key', 'x-goog-api-key', 'x-litellm-api-key'] as const

/** Every header that may carry a caller's key, but for the one a module names itself. */
export const carrierNames: readonly string[] = ['authorization', ...otherCarriers]

/** The key a caller shows, by any of the headers the OpenAI, Azure, Anthropic and Google SDKs use. */
export function findCallerKey(
  headers: IncomingHttpHeaders,
  ownHeader?: string,
): string | undefined {
  const own = ownHeader ? headers[ownHeader.toLowerCase()] : undefined
  if (typeof own === 'string') return withoutBearer(own)
  const { authorization } = headers
  if (authorization?.startsWith('Bearer ')) return authorization.slice(7).trim()
  for (const name of otherCarriers) {
    const value = headers[name]
    if (typeof value === 'string' && value !== '') return withoutBearer(value)
  }
  if (authorization === undefined || authorization === '') return undefined
  const key = /^bearer +(\S.*)$/i.exec(authorization)?.[1]
  if (key === undefined) {
    throw new GatewayError(
      'invalid_api_key',
      'Malformed API Key passed in: send the header `Authorization: Bearer <key>`.',
    )
  }
  return key.trim()
}

function withoutBearer(value: string): string {
  return value.replace(/^bearer +/i, '').trim()
}
