import aws4 from 'aws4'

import type { SigningKeys } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { FinishedCall } from './signing.ts'

interface Scope {
  readonly region: string
  readonly service: string
}

// What a proxy on the way may add to or change, and what the connection writes itself.
const unsigned = new Set([
  'authorization',
  'connection',
  'content-length',
  'user-agent',
  'expect',
  'accept-encoding',
])

/** The headers of Amazon's Signature Version 4 for a call as of a Unix time. */
export function signatureOf(
  { method, host, path, headers, body }: FinishedCall,
  nowMs: number,
  keys: SigningKeys,
  scope: Scope,
): readonly string[] {
  const date = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const call = {
    ...scope,
    method,
    host,
    path,
    headers: { ...signable(headers), host, 'X-Amz-Date': date },
    ...(body.length > 0 && { body: Buffer.from(body.buffer, body.byteOffset, body.length) }),
    extraHeadersToIgnore: { 'content-length': true },
  }
  const { headers: signed = {} } = signedOf(call, keys)
  return ['Authorization', 'X-Amz-Date', 'X-Amz-Security-Token'].flatMap((name) => {
    const value = signed[name]
    return typeof value === 'string' ? [name.toLowerCase(), value] : []
  })
}

function signedOf(call: Parameters<typeof aws4.sign>[0] & object, keys: SigningKeys) {
  try {
    return aws4.sign(call, keys)
  } catch (cause) {
    // It reads escapes in a path, which somebody else may have written.
    throw new GatewayError('invalid_request', 'The path of the request cannot be signed.', {
      cause,
    })
  }
}

function signable(flat: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = (flat[at] ?? '').toLowerCase()
    if (!unsigned.has(name)) pairs.push([name, flat[at + 1] ?? ''])
  }
  return Object.fromEntries(pairs)
}
