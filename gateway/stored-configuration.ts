import { setTimeout as sleep } from 'node:timers/promises'

import { isObject } from '../modules/json-object.ts'
import { SealError, type Sealer } from './auth/seal.ts'
import type { Serving } from './pipeline/serving.ts'
import type { SaltCheck } from './salt-check.ts'
import type { Storage } from './storage/storage.ts'
import { nothingStored, type StoredDocument } from './stored-document.ts'

export interface StoredParts {
  readonly storage: Pick<Storage, 'state' | 'notices' | 'stored'>
  readonly configuration: {
    readonly serving: Serving | undefined
    readonly sealer: Sealer | undefined
    useStored(stored: StoredDocument): void
  }
  readonly salt: SaltCheck
  readonly log: {
    warn(fields: object, message: string): void
  }
}

const tickMs = 250
const settleMs = 50

/**
 * Brings what stands in the database into the configuration that serves: at first contact, and within a second of
 * each change. While Postgres is away what was read last goes on.
 */
export class StoredConfiguration {
  readonly #parts: StoredParts
  readonly #timer: NodeJS.Timeout
  #stopListening: (() => void) | undefined
  #isDue = true
  #readWith: Sealer | undefined
  #reading: Promise<void> | undefined

  constructor(parts: StoredParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.tend(), tickMs).unref()
  }

  /** One look: the salt key, and what has changed. Never rejects. */
  tend(): Promise<void> {
    this.#reading ??= this.#tend()
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        if (this.#parts.storage.state().db === 'connected')
          this.#parts.log.warn({ reason }, 'stored models could not be read')
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  /** As `tend`, with what has been changed until now. */
  async refresh(): Promise<void> {
    await this.#reading
    this.#isDue = true
    await this.tend()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stopListening?.()
  }

  async #tend(): Promise<void> {
    const { storage, configuration, salt } = this.#parts
    if (storage.state().db !== 'connected') return
    await salt.check()
    if (configuration.serving?.module.general.areModelsStored !== true) return
    this.#listen()
    const sealer = configuration.sealer
    if (!this.#isDue && sealer === this.#readWith) return
    this.#isDue = false
    this.#readWith = sealer
    try {
      configuration.useStored(await this.#read(sealer))
    } catch (error) {
      this.#isDue = true
      throw error
    }
  }

  #listen(): void {
    const hear = (): void => {
      this.#isDue = true
      // Changes come in groups.
      void sleep(settleMs, undefined, { ref: false }).then(() => this.tend())
    }
    this.#stopListening ??= this.#parts.storage.notices.listen('models', hear, hear)
  }

  async #read(sealer: Sealer | undefined): Promise<StoredDocument> {
    const { stored } = this.#parts.storage
    const [credentials, models] = await Promise.all([stored.credentials(), stored.models()])
    if (credentials.length + models.length === 0) return nothingStored
    const faults: StoredDocument['faults'][number][] = []
    const open = (sealed: string, about: string, modelName: string): Record<string, unknown>[] => {
      const opened = openAs(sealer, sealed, about)
      if (isObject(opened)) return [opened]
      faults.push({ path: `stored ${about}`, modelName, message: String(opened) })
      return []
    }
    const values = credentials.flatMap(({ name, sealed }) =>
      open(sealed, `credential ${name}`, name).map((opened) => [name, opened] as const),
    )
    return {
      credentials: Object.fromEntries(values),
      models: models
        .filter(({ isBlocked }) => !isBlocked)
        .flatMap(({ id, modules, modelName, sealed, info }) =>
          open(sealed, `model ${id}`, modelName).map((params) => ({
            id,
            modules,
            modelName,
            params,
            info,
          })),
        ),
      faults,
    }
  }
}

/** What is sealed, as JSON; else why it cannot be read. */
function openAs(sealer: Sealer | undefined, sealed: string, about: string): unknown {
  if (!sealer) return 'it is sealed, and LITELLM_SALT_KEY is not set'
  try {
    return JSON.parse(sealer.open(sealed, about))
  } catch (error) {
    return error instanceof SealError ? error.message : 'it holds no JSON'
  }
}
