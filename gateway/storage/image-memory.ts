import type { ImageFile } from './image-files.ts'

interface Kept extends ImageFile {
  readonly expiresAt: number
}

/** Images in this process's memory, within a bound: the oldest goes out first. */
export class ImageMemory {
  readonly #images = new Map<string, Kept>()
  readonly #maxBytes: number
  readonly #now: () => number
  #bytes = 0

  constructor(maxBytes: number, now: () => number) {
    this.#maxBytes = maxBytes
    this.#now = now
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False where the image alone is over the bound. */
  add(id: string, image: ImageFile, ttlMs: number): boolean {
    const size = image.bytes.byteLength
    if (size > this.#maxBytes) return false
    this.removeExpired()
    for (const oldest of this.#images.keys()) {
      if (this.#bytes + size <= this.#maxBytes) break
      this.#remove(oldest)
    }
    this.#images.set(id, { ...image, expiresAt: this.#now() + ttlMs })
    this.#bytes += size
    return true
  }

  find(id: string): ImageFile | undefined {
    const kept = this.#images.get(id)
    if (kept === undefined || kept.expiresAt <= this.#now()) return undefined
    return { bytes: kept.bytes, contentType: kept.contentType }
  }

  removeExpired(): void {
    for (const [id, kept] of this.#images) {
      if (kept.expiresAt <= this.#now()) this.#remove(id)
    }
  }

  #remove(id: string): void {
    this.#bytes -= this.#images.get(id)?.bytes.byteLength ?? 0
    this.#images.delete(id)
  }
}
