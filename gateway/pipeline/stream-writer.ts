import type { Produced } from '../accounting/estimate-usage.ts'
import type { Usage } from '../accounting/usage.ts'
import type { UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import type { Answer } from './answer.ts'
import { addPassed } from './answer-headers.ts'

/** What a reader tells of a stream while it passes. */
export interface StreamWatch {
  /** Adds names and values to the head; asked once, before the first event goes out. */
  addHeaders(headers: string[]): string[]
  onFirstEvent(): void
  /** Told once: what it has used, and whether it came to its end. */
  onEnd(produced: Produced, isWhole: boolean): void
  /** What told usage costs, billionths of a dollar; absent where nothing is paid. */
  readonly costOf?: (usage: Usage) => number | undefined
}

const streamHead = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
]
const afterDoneMs = 200

/** Writes a stream out: head with the first event, backpressure towards the upstream. */
export class StreamWriter {
  readonly #answer: Answer
  readonly #call: UpstreamCall
  readonly #watch: StreamWatch
  readonly #head: UpstreamHead
  #isWaiting = false

  constructor(answer: Answer, call: UpstreamCall, watch: StreamWatch, head: UpstreamHead) {
    this.#answer = answer
    this.#call = call
    this.#watch = watch
    this.#head = head
  }

  get hasStarted(): boolean {
    return this.#answer.hasStarted
  }

  write(chunk: Buffer | string): void {
    if (!this.#answer.hasStarted) {
      this.#call.stopClock()
      this.#watch.onFirstEvent()
      const headers = this.#watch.addHeaders([...streamHead])
      this.#answer.start(200, addPassed(headers, this.#head.headers))
    }
    if (this.#answer.write(chunk) || this.#isWaiting) return
    this.#isWaiting = true
    this.#call.pause()
    this.#answer.onDrain(() => {
      this.#isWaiting = false
      this.#call.resume()
    })
  }

  /** The upstream has said all: the caller waits no longer, and the upstream gets a moment to end by itself. */
  end(chunk?: Buffer): void {
    this.#answer.end(chunk)
    this.#call.endWithin(afterDoneMs)
    if (this.#isWaiting) this.#call.resume()
  }
}
