import type { Taken } from './counter.ts'
import { Part } from './part.ts'
import { createBucket, Slice, type Bucket } from './slice.ts'
import type { Stretch } from './window.ts'

/** A calendar window: what is taken is reserved until the call is over, then used. */
export class CalendarSlice extends Slice {
  reserved = 0
  readonly #bucket: Bucket
  protected readonly buckets: readonly Bucket[]

  /** `used`: what this process has used of it before, and told the ledger. */
  constructor(key: string, stretch: Stretch, amount: number, used = 0) {
    super(key, stretch, amount)
    this.#bucket = { ...createBucket(stretch.startMs), used, sent: used, told: used }
    this.buckets = [this.#bucket]
  }

  /** What this process has used of it in all. */
  get used(): number {
    return this.#bucket.used
  }

  get shape() {
    return this.endMs === Infinity ? {} : { endsAtMs: this.endMs }
  }

  get takenHere(): number {
    return this.reserved + this.#bucket.used
  }

  take(amount: number): Taken {
    this.free -= amount
    this.reserved += amount
    this.unreported += amount
    return new Part(this, amount, this.#bucket)
  }

  end(amount: number, used: number): void {
    this.reserved -= amount
    this.unreported += used - amount
    this.#bucket.used += used
    const bare = Math.min(this.uncovered, amount)
    this.uncovered -= bare
    const left = amount - bare - used
    // What it used above its reservation comes from what is free here, then from the ledger.
    this.free += this.isSelfGranted ? left : Math.max(left, -Math.max(0, this.free))
  }
}
