import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyAccess } from './access.ts'
import { findCallerKey } from './key-carriers.ts'

/** Who sends a request, after authentication. */
export interface Caller {
  /** Label for logs and rows; never a key: a virtual key's id, `litellm_proxy_master_key`, `open`. */
  readonly id: string
  readonly isMaster: boolean
  /** Of a virtual key: what it may do. */
  readonly access?: KeyAccess
}

const master: Caller = { id: 'litellm_proxy_master_key', isMaster: true }
/** A caller before, or without, its authentication. */
export const nobody: Caller = { id: 'None', isMaster: false }

const anyone: Caller = { id: 'open', isMaster: false }

/** The master keys a module accepts. Without any it is open, which only an explicit permission allows. */
export interface Keyring {
  readonly keys: readonly Buffer[]
  readonly headerName: string | undefined
}

export function createKeyring(masterKeys: readonly string[], headerName?: string): Keyring {
  return { keys: masterKeys.map((key) => pad(Buffer.alloc(longestKey), key)), headerName }
}

/** Several master keys may stand in one value, comma-separated; any is valid. */
export function splitKeys(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((key) => key.trim() || [])
}

/** Who the caller is. Throws `invalid_api_key`. Takes the same time however wrong a key is. */
export function authenticate(headers: IncomingHttpHeaders, keyring: Keyring): Caller {
  if (keyring.keys.length === 0) return anyone
  const key = findCallerKey(headers, keyring.headerName)
  if (key === undefined) {
    throw new GatewayError(
      'invalid_api_key',
      'Authentication Error, No api key passed in. Send the header `Authorization: Bearer <key>`.',
    )
  }
  if (isMasterKey(key, keyring)) return master
  throw new GatewayError(
    'invalid_api_key',
    "Authentication Error, Invalid API key provided. Use this module's master key.",
  )
}

/** The caller where one shows a key, undefined where none is shown; a wrong key still throws. */
export function authenticateIfShown(
  headers: IncomingHttpHeaders,
  keyring: Keyring,
): Caller | undefined {
  if (findCallerKey(headers, keyring.headerName) === undefined) return undefined
  return authenticate(headers, keyring)
}

// Every key is compared at this one length, so that neither its bytes nor its length show in the time taken.
const longestKey = 256
const shown = Buffer.alloc(longestKey)

function isMasterKey(key: string, { keys }: Keyring): boolean {
  if (key.length > longestKey) return false
  pad(shown, key)
  let isKnown = false
  for (const known of keys) isKnown = timingSafeEqual(shown, known) || isKnown
  return isKnown
}

// A header holds no NUL: what stands behind the key cannot be forged.
function pad(into: Buffer, key: string): Buffer {
  into.fill(0)
  into.write(key, 'latin1')
  return into
}
