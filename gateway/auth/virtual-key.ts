import { createHash, hash, randomBytes } from 'node:crypto'

/** A new virtual key: `sk-` and 32 random bytes. */
export function createVirtualKey(): string {
  return `sk-${randomBytes(32).toString('base64url')}`
}

/** What people may see of a key: `sk-...aB3d`. */
export function nameOf(key: string): string {
  return `sk-...${key.slice(-4)}`
}

const longestKey = 256

/** Whether a text could be a virtual key at all; what could not is looked up nowhere. */
export function isVirtualKey(key: string): boolean {
  return key.length <= longestKey && /^sk-[\x21-\x7e]+$/.test(key)
}

/** The form in which a key is kept: HMAC-SHA-256 under the salt key, hexadecimal. */
export type Digest = (key: string) => string

const blockBytes = 64
const hashBytes = 32

/**
 * The digest under a salt key, of keys that `isVirtualKey` takes. Made of two plain hashes, as RFC 2104 has it: half
 * of what a Hmac object costs, and each request with a virtual key pays for one.
 */
export function createDigest(saltKey: string): Digest {
  const salt = saltBlock(saltKey)
  const inner = Buffer.alloc(blockBytes + longestKey)
  const outer = Buffer.alloc(blockBytes + hashBytes)
  for (const [at, byte] of salt.entries()) {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  return (key) => {
    if (key.length > longestKey) throw new RangeError('A virtual key is not that long.')
    const end = blockBytes + inner.write(key, blockBytes, 'latin1')
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), blockBytes, 'latin1')
    return hash('sha256', outer, 'hex')
  }
}

function saltBlock(saltKey: string): Buffer {
  const bytes = Buffer.from(saltKey)
  const salt = bytes.length > blockBytes ? createHash('sha256').update(bytes).digest() : bytes
  return Buffer.concat([salt], blockBytes)
}
