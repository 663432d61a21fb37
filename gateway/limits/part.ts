import type { Hold, Taken } from './counter.ts'
import type { Bucket } from './slice.ts'

/** Where a part ends: what was taken, what was used of it, and when it was taken. */
interface Ends {
  readonly key: string
  readonly startMs: number
  end(amount: number, used: number, bucket: Bucket): void
}

/** A part of a slice, taken by one call. */
export class Part implements Taken {
  readonly #slice: Ends
  readonly #amount: number
  readonly #bucket: Bucket
  #isEnded = false

  constructor(slice: Ends, amount: number, bucket: Bucket) {
    this.#slice = slice
    this.#amount = amount
    this.#bucket = bucket
  }

  get hold(): Hold {
    const { key, startMs: startsAtMs } = this.#slice
    return { key, startsAtMs, bucketAtMs: this.#bucket.atMs, amount: this.#amount }
  }

  settle(used: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    // What an upstream claims is not always a number of things; then it used what was taken.
    const whole = used >= 0 && used < Infinity ? Math.ceil(used) : this.#amount
    this.#slice.end(this.#amount, whole, this.#bucket)
  }

  giveBack(): void {
    this.settle(0)
  }
}
