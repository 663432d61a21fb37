import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

import { isPublicAddress, type Allowance } from './fetch-addresses.ts'
import { FetchFailure, transportFailure } from './fetch-failure.ts'

/** Every address of a host, asked once. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

const longestUrl = 8_192

/** An address that may be asked at all: http or https, with no name and password in it. Throws FetchFailure. */
export function readUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url === undefined) throw new FetchFailure('is not a valid address.')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchFailure('must be an address that begins with https:// or http://.')
  if (url.username !== '' || url.password !== '')
    throw new FetchFailure('holds a user name or a password, which are not sent.')
  if (url.href.length > longestUrl)
    throw new FetchFailure(`is an address longer than ${longestUrl} characters.`)
  return url
}

/** The addresses to connect to, all of them vetted. Throws FetchFailure where one of them may not be asked. */
export async function vettedAddresses(
  url: URL,
  resolve: Resolve,
  allowance: Allowance,
): Promise<readonly LookupAddress[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  const found = family === 0 ? await resolved(host, resolve) : [{ address: host, family }]
  const isFit = ({ address }: LookupAddress) =>
    isPublicAddress(address) || allowance.allows(host, address)
  if (found.length > 0 && found.every(isFit)) return found
  throw new FetchFailure(
    found.length === 0
      ? 'leads to a host that DNS does not know.'
      : 'leads to a private or reserved address, which this gateway does not ask unless general_settings.url_fetch.allow_private names it.',
  )
}

async function resolved(host: string, resolve: Resolve): Promise<readonly LookupAddress[]> {
  try {
    return await resolve(host)
  } catch (cause) {
    throw transportFailure(cause instanceof Error ? cause : new Error(String(cause)))
  }
}
