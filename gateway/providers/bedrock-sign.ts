import { AwsV4Signer } from 'aws4fetch'

import type { SigningKeys } from '../../modules/module.ts'
import type { FinishedCall } from './signing.ts'

interface Scope {
  readonly region: string
  readonly service: string
  /** Keys derived for a day, by what they are derived from. */
  readonly derived: Map<string, ArrayBuffer>
}

// What a proxy on the way may add to or change.
const unsigned = new Set(['authorization', 'connection', 'user-agent', 'expect', 'accept-encoding'])

/** The headers of Amazon's Signature Version 4 for a call as of a Unix time. */
export async function signatureOf(
  { method, host, path, headers, body }: FinishedCall,
  nowMs: number,
  keys: SigningKeys,
  { region, service, derived }: Scope,
): Promise<readonly string[]> {
  const datetime = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  // Yesterday's keys are of no use.
  if (derived.size > 1) derived.clear()
  const signer = new AwsV4Signer({
    method,
    url: `https://${host}${path}`,
    headers: signable(headers),
    body: new Uint8Array(body),
    ...keys,
    region,
    service,
    datetime,
    cache: derived,
    allHeaders: true,
  })
  const signed = await signer.sign()
  return ['authorization', 'x-amz-date', 'x-amz-security-token'].flatMap((name) => {
    const value = signed.headers.get(name)
    return value === null ? [] : [name, value]
  })
}

function signable(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = (flat[at] ?? '').toLowerCase()
    if (!unsigned.has(name)) pairs.push([name, flat[at + 1] ?? ''])
  }
  return pairs
}
