import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyAccess } from './access.ts'
import { findCallerKey } from './key-carriers.ts'
import { hasExpired, isBlocked, unknownKey } from './refusals.ts'
import { isVirtualKey, type Digest } from './virtual-key.ts'

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

/** Who shows which virtual key, by its digest. */
export interface KeyBook {
  /** At once where it is known. Throws or rejects `invalid_api_key`, `storage_unavailable`. */
  find(id: string): Caller | Promise<Caller>
  isKnown(id: string): boolean
}

/** The keys a module accepts. Without any master key it is open, which only an explicit permission allows. */
export interface Keyring {
  readonly keys: readonly Buffer[]
  readonly headerName: string | undefined
  readonly virtual: VirtualKeys | undefined
}

/** Virtual keys: how they are kept, and who knows them. */
export interface VirtualKeys {
  readonly digestOf: Digest
  /** Under salt keys of before. */
  readonly formerly: readonly Digest[]
  readonly book: KeyBook
}

export interface KeyringParts {
  readonly headerName?: string | undefined
  /** Undefined: there are no virtual keys. */
  readonly virtual?: VirtualKeys | undefined
}

export function createKeyring(
  masterKeys: readonly string[],
  { headerName, virtual }: KeyringParts = {},
): Keyring {
  return {
    keys: masterKeys.map((key) => pad(Buffer.alloc(longestKey), key)),
    headerName,
    virtual,
  }
}

/** Several master keys may stand in one value, comma-separated; any is valid. */
export function splitKeys(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((key) => key.trim() || [])
}

/**
 * Who the caller is: at once for the master key and a virtual key that is known, after one look-up for any other.
 * Throws or rejects `invalid_api_key`, and `storage_unavailable` where nobody can tell. Takes the same time however
 * wrong a key is.
 */
export function authenticate(
  headers: IncomingHttpHeaders,
  keyring: Keyring,
): Caller | Promise<Caller> {
  if (keyring.keys.length === 0) return anyone
  const key = findCallerKey(headers, keyring.headerName)
  if (key === undefined) {
    throw new GatewayError(
      'invalid_api_key',
      'Authentication Error, No api key passed in. Send the header `Authorization: Bearer <key>`.',
    )
  }
  if (isMasterKey(key, keyring)) return master
  const { virtual } = keyring
  if (!virtual) throw unknownKey(noSaltKey)
  if (!isVirtualKey(key)) throw unknownKey()
  const found = findVirtual(key, virtual)
  return found instanceof Promise ? found.then(usable) : usable(found)
}

function findVirtual(key: string, virtual: VirtualKeys): Caller | Promise<Caller> {
  const { digestOf, formerly, book } = virtual
  const id = digestOf(key)
  if (formerly.length === 0 || book.isKnown(id)) return book.find(id)
  const known = formerly
    .map((formerDigestOf) => formerDigestOf(key))
    .find((one) => book.isKnown(one))
  return known === undefined ? findUnderAny(key, virtual) : book.find(known)
}

/** One look-up for each salt key, the present one first. */
async function findUnderAny(
  key: string,
  { digestOf, formerly, book }: VirtualKeys,
): Promise<Caller> {
  for (const anyDigestOf of [digestOf, ...formerly]) {
    try {
      return await book.find(anyDigestOf(key))
    } catch (thrown) {
      if (!(thrown instanceof GatewayError && thrown.code === 'invalid_api_key')) throw thrown
    }
  }
  throw unknownKey()
}

const noSaltKey =
  "Use this module's master key: virtual keys are off, since SALT_KEY (or LITELLM_SALT_KEY) is not set."

/** The caller where one shows a key, undefined where none is shown; a wrong key still throws or rejects. */
export function authenticateIfShown(
  headers: IncomingHttpHeaders,
  keyring: Keyring,
): Caller | undefined | Promise<Caller> {
  if (findCallerKey(headers, keyring.headerName) === undefined) return undefined
  return authenticate(headers, keyring)
}

function usable(caller: Caller): Caller {
  const { access } = caller
  if (access === undefined) return caller
  const { blocked, expiresAtMs } = access
  if (blocked !== undefined) throw isBlocked(blocked)
  if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) throw hasExpired(expiresAtMs)
  return caller
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
