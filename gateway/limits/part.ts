import type { HeldWindow, Hold, Taken } from './counter.ts'
import type { Bucket } from './slice.ts'

/** Where a part ends: what was taken, what was used of it, and when it was taken. */
interface Ends extends HeldWindow {
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
    const window = this.#slice
    const { key, startMs: startsAtMs } = window
    return { key, startsAtMs, bucketAtMs: this.#bucket.atMs, amount: this.#amount, window }
  }

  settle(used: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#slice.end(this.#amount, wholeOf(used, this.#amount), this.#bucket)
  }

  giveBack(): void {
    this.settle(0)
  }
}

/** What counts as used: an upstream's claim is not always a number of things; then it used what was taken. */
export function wholeOf(used: number, taken: number): number {
  return used >= 0 && used < Infinity ? Math.ceil(used) : taken
}
