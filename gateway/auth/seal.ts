import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** Hides texts from whoever reads the database, under the salt key: AES-256-GCM. */
export interface Sealer {
  /** Names the salt key in rows; says nothing of it. */
  readonly id: string
  /** Bound to what it is about (`credential openai`), so that no row can stand in for another. */
  seal(text: string, about: string): string
  /** Throws SealError: sealed under a key that is not there, about something else, or changed. */
  open(sealed: string, about: string): string
}

/** A sealed text that cannot be read, in words for the operator. */
export class SealError extends Error {}

const nonceBytes = 12
const tagBytes = 16
const prefix = 'v1'

/**
 * The sealer of a salt key. Former keys, which follow it, open what was sealed under them; nothing new is sealed
 * under them.
 */
export function createSealer([current, ...former]: readonly [string, ...string[]]): Sealer {
  const { id, key } = derive(current)
  const keys = new Map([[id, key], ...former.map(derive).map((one) => [one.id, one.key] as const)])
  return {
    id,
    seal(text, about) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      const packed = Buffer.concat([nonce, cipher.getAuthTag(), hidden])
      return `${prefix}:${id}:${packed.toString('base64url')}`
    },
    open: (sealed, about) => open(sealed, about, keys),
  }
}

/** The name of the salt key that a text was sealed under; undefined for what is no sealed text. */
export function sealedUnder(sealed: string): string | undefined {
  return /^v1:([0-9a-f]{16}):[\w-]+$/.exec(sealed)?.[1]
}

function open(sealed: string, about: string, keys: ReadonlyMap<string, Buffer>): string {
  const id = sealedUnder(sealed)
  if (id === undefined) throw new SealError('it is not in a form that this gateway wrote')
  const key = keys.get(id)
  if (!key) {
    throw new SealError(
      `it was sealed under the salt key ${id}, which is not here: put that key into LITELLM_SALT_KEY, behind the new one and a comma`,
    )
  }
  const packed = Buffer.from(sealed.slice(sealed.lastIndexOf(':') + 1), 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, packed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(about))
      .setAuthTag(packed.subarray(nonceBytes, nonceBytes + tagBytes))
    const hidden = packed.subarray(nonceBytes + tagBytes)
    return decipher.update(hidden, undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new SealError('it was changed, or moved here from another row', { cause })
  }
}

/** The key for sealing and its name, neither of which leads back to the salt key. */
function derive(saltKey: string): { id: string; key: Buffer } {
  const key = Buffer.from(hkdfSync('sha256', saltKey, '', 'colonnade sealing', 32))
  return { id: saltIdOf(saltKey), key }
}

/** The name of a salt key. */
export function saltIdOf(saltKey: string): string {
  return createHmac('sha256', saltKey).update('colonnade salt key name').digest('hex').slice(0, 16)
}
