import type { Sealer } from './auth/seal.ts'
import type { Storage } from './storage/storage.ts'

/**
 * Whether the salt key is the one that keys and credentials were made under. `changed`: it is not; what hangs on the
 * former one cannot be read until that stands behind the new one.
 */
export type SaltState = 'not set' | 'not checked' | 'sound' | 'changed'

export interface SaltCheckParts {
  readonly salts: Pick<Storage['salts'], 'find' | 'add'>
  /** Of the salt keys as they are now; undefined: none is set. */
  readonly sealer: () => Sealer | undefined
  readonly log: { error(fields: object, message: string): void }
}

const text = 'colonnade'
const about = 'salt key'

/** Keeps a salt key from being changed by accident: the database remembers the names of those that were used. */
export class SaltCheck {
  readonly #parts: SaltCheckParts
  #checked: Sealer | undefined
  #state: 'sound' | 'changed' = 'sound'

  constructor(parts: SaltCheckParts) {
    this.#parts = parts
  }

  get state(): SaltState {
    const sealer = this.#parts.sealer()
    if (sealer === undefined) return 'not set'
    return this.#checked === sealer ? this.#state : 'not checked'
  }

  /** What is wrong and what to do, for whoever is refused by it. */
  get words(): string {
    return 'The salt key is not the one that the keys and credentials in the database were made under: put the former one behind it in LITELLM_SALT_KEY (new,former), or bring it back.'
  }

  /** Looks once, and again when salt keys have changed, former ones too. Rejects where Postgres is away. */
  async check(): Promise<void> {
    const sealer = this.#parts.sealer()
    if (!sealer || this.#checked === sealer) return
    const { salts, log } = this.#parts
    const known = await salts.find()
    const isOurs = known.length === 0 || known.some(({ sealed }) => opens(sealer, sealed))
    if (isOurs) await salts.add({ id: sealer.id, sealed: sealer.seal(text, about) })
    else log.error({ salt: sealer.id, known: known.map(({ id }) => id) }, this.words)
    this.#state = isOurs ? 'sound' : 'changed'
    this.#checked = sealer
  }
}

function opens(sealer: Sealer, sealed: string): boolean {
  try {
    return sealer.open(sealed, about) === text
  } catch {
    return false
  }
}
