import { findNullUsage } from './event-edits.ts'

const closeBrace = 0x7d
const breaksLength = 2
const finishKey = Buffer.from('"finish_reason"')

/**
 * How the events of one stream look alike: they begin with id, time and model, and end with a finish reason of null.
 * Learnt from one of them, compared by memcmp with the others.
 */
export class EventShape {
  #head: Buffer | undefined
  #newHead: Buffer | undefined
  #tail: Buffer | undefined
  #newTail: Buffer | undefined

  /** Its head, to be sent as `newHead`. */
  learnHead(head: Buffer, newHead: Buffer): void {
    this.#head = Buffer.from(head)
    this.#newHead = newHead.equals(head) ? undefined : newHead
    this.#tail = undefined
  }

  /** The tail of an event in which nothing has finished; it leaves without the null of a hidden usage. */
  learnTail(event: Buffer, isUsageHidden: boolean): void {
    const at = event.lastIndexOf(finishKey)
    if (!this.#head || at < this.#head.length) return
    const tail = event.subarray(at)
    const [nullAt, length] = isUsageHidden ? findNullUsage(tail) : [-1, 0]
    this.#tail = Buffer.from(tail)
    this.#newTail =
      nullAt < 0
        ? undefined
        : Buffer.concat([tail.subarray(0, nullAt), tail.subarray(nullAt + length)])
  }

  forget(): void {
    this.#head = undefined
  }

  get headLength(): number {
    return this.#head?.length ?? 0
  }

  /** Whether an event begins as learnt, and closes its JSON. */
  isHeadOf(event: Buffer): boolean {
    const head = this.#head
    if (!head || event.length <= head.length) return false
    if (event[event.length - 1 - breaksLength] !== closeBrace) return false
    return head.compare(event, 0, head.length) === 0
  }

  /** Whether an event of that head ends as learnt too. */
  isTailOf(event: Buffer): boolean {
    const tail = this.#tail
    if (!tail) return false
    const at = event.length - tail.length
    return at >= this.headLength && tail.compare(event, at, event.length) === 0
  }

  /** Sends an event of that head on. */
  passHead(event: Buffer, out: Buffer[]): void {
    if (this.#newHead) out.push(this.#newHead, event.subarray(this.headLength))
    else out.push(event)
  }

  /** Sends an event of that head and tail on. */
  passWhole(event: Buffer, out: Buffer[]): void {
    const { length } = this.#tail ?? ''
    if (!this.#newTail) return this.passHead(event, out)
    this.passHead(event.subarray(0, event.length - length), out)
    out.push(this.#newTail)
  }
}
