import { randomBytes } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Connection } from './connection.ts'
import {
  addImageFile,
  findImageFile,
  removeExpiredImageFiles,
  type ImageFile,
} from './image-files.ts'
import { ImageMemory } from './image-memory.ts'

const memoryBytes = 64 * 1024 * 1024
const sweepEveryMs = 60_000

/** Images handed out by URL: in Postgres for every replica, and in memory for when it is away. */
export class ImageStore {
  readonly #connection: Connection
  readonly #memory: ImageMemory
  readonly #sweep: NodeJS.Timeout

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection
    this.#memory = new ImageMemory(memoryBytes, now)
    this.#sweep = setInterval(() => void this.removeExpired(), sweepEveryMs).unref()
  }

  get memoryBytes(): number {
    return this.#memory.bytes
  }

  /** Keeps an image and gives the id it is found by: 32 random bytes, base64url. */
  async save(image: ImageFile, ttlMs: number): Promise<string> {
    const id = randomBytes(32).toString('base64url')
    const isInMemory = this.#memory.add(id, image, ttlMs)
    const isStored = await this.#try((pool) =>
      addImageFile(pool, id, image, ttlMs).then(() => true),
    )
    if (isInMemory || isStored) return id
    throw new GatewayError(
      'storage_unavailable',
      'The image is too large to be kept without a database. Ask for `response_format: b64_json`.',
    )
  }

  async find(id: string): Promise<ImageFile | undefined> {
    return this.#memory.find(id) ?? (await this.#try((pool) => findImageFile(pool, id)))
  }

  async removeExpired(): Promise<void> {
    this.#memory.removeExpired()
    await this.#try(removeExpiredImageFiles)
  }

  close(): void {
    clearInterval(this.#sweep)
  }

  async #try<T>(
    work: (pool: NonNullable<Connection['pool']>) => Promise<T>,
  ): Promise<T | undefined> {
    const { pool } = this.#connection
    if (!pool) return undefined
    try {
      return await work(pool)
    } catch {
      this.#connection.suspect()
      return undefined
    }
  }
}
