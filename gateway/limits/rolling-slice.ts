import type { Taken } from './counter.ts'
import { Part } from './part.ts'
import { createBucket, Slice, type Bucket } from './slice.ts'
import type { Buckets } from './window.ts'

/** A rolling window, whole: what is taken counts as used in the bucket of that moment. */
export class RollingSlice extends Slice {
  readonly reserved = 0
  protected buckets: Bucket[] = []
  takenHere = 0
  readonly shape: Buckets
  readonly #stepMs: number
  readonly #keptMs: number

  constructor(key: string, amount: number, shape: Buckets) {
    super(key, { startMs: 0, endMs: Infinity }, amount)
    this.shape = shape
    this.#stepMs = shape.stepMs
    this.#keptMs = shape.keptMs
  }

  /** When the oldest use stops counting; undefined: there is none. */
  get freesAtMs(): number | undefined {
    const [oldest] = this.buckets
    return oldest && oldest.atMs + this.#keptMs + this.#stepMs
  }

  take(amount: number, wallMs: number): Taken {
    const bucket = this.#bucketAt(wallMs)
    this.free -= amount
    this.#count(bucket, amount)
    return new Part(this, amount, bucket)
  }

  end(amount: number, used: number, bucket: Bucket): void {
    if (bucket.isOver) return
    const left = amount - used
    // What the ledger has counted as used goes back through it: the bucket may be over there.
    const unsent = Math.max(0, bucket.used - bucket.sent)
    this.#count(bucket, -left)
    if (this.isSelfGranted) this.free += left
    else this.free += Math.max(Math.min(left, unsent), -Math.max(0, this.free))
  }

  override roll(wallMs: number): void {
    super.roll(wallMs)
    const fromMs = wallMs - (wallMs % this.#stepMs) - this.#keptMs
    for (let [oldest] = this.buckets; oldest && oldest.atMs < fromMs; [oldest] = this.buckets) {
      this.buckets.shift()
      oldest.isOver = true
      this.takenHere -= oldest.used
      this.unreported -= oldest.used - oldest.told
      if (this.isSelfGranted) this.free += oldest.used
    }
  }

  #count(bucket: Bucket, amount: number): void {
    bucket.used += amount
    this.takenHere += amount
    this.unreported += amount
  }

  // The estimate of the ledger's clock may step back; uses never count earlier than they were.
  #bucketAt(wallMs: number): Bucket {
    const atMs = wallMs - (wallMs % this.#stepMs)
    const last = this.buckets.at(-1)
    if (last && last.atMs >= atMs) return last
    const bucket = createBucket(atMs)
    this.buckets.push(bucket)
    return bucket
  }
}
