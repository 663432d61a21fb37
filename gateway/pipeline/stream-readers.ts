import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { AnswerReader } from '../upstream/call.ts'
import { doneEvent, EventRewriter, type RewriteRules } from './event-rewriter.ts'
import type { StreamWatch, StreamWriter } from './stream-writer.ts'

export interface StreamRules extends RewriteRules {
  /** Chat and completions end with a finish reason and `[DONE]`; an end without is a cut. */
  readonly endsWithDone: boolean
}

const noBytes = Buffer.alloc(0)
const mostComments = 4096

/** A stream in the caller's own dialect, passed on as bytes. */
export class EventReader implements AnswerReader {
  readonly #writer: StreamWriter
  readonly #rules: StreamRules
  readonly #watch: StreamWatch
  readonly #rewriter: EventRewriter
  #comments = noBytes
  isComplete = false

  constructor(writer: StreamWriter, rules: StreamRules, watch: StreamWatch) {
    this.#writer = writer
    this.#rules = rules
    this.#watch = watch
    this.#rewriter = new EventRewriter(rules)
  }

  push(chunk: Buffer): void {
    if (!this.isComplete) this.#relay(this.#rewriter.push(chunk))
  }

  end(): void {
    if (this.isComplete) return
    this.#relay(this.#rewriter.flush())
    if (this.isComplete) return
    if (!this.#writer.hasStarted) throw emptyStream()
    if (!this.#isWhole()) throw cutStream()
    this.#complete(this.#rules.endsWithDone ? doneEvent : undefined)
  }

  stop(): void {
    if (this.#rewriter.hasData) this.#watch.onEnd(this.#rewriter.produced, false)
  }

  // Comments keep a connection alive and answer nothing: until there is data another server may be tried.
  #relay(events: Buffer | undefined): void {
    if (events && this.#rewriter.hasData) this.#writer.write(this.#behindComments(events))
    else if (events && this.#comments.length + events.length <= mostComments)
      this.#comments = Buffer.concat([this.#comments, events])
    if (!this.#rewriter.isDone) return
    if (!this.#writer.hasStarted) throw emptyStream()
    this.#complete()
  }

  #behindComments(events: Buffer): Buffer {
    const comments = this.#comments
    if (comments.length === 0) return events
    this.#comments = noBytes
    return Buffer.concat([comments, events])
  }

  #isWhole(): boolean {
    return this.#rules.endsWithDone ? this.#rewriter.hasFinished : !this.#rewriter.owesLast
  }

  #complete(last?: Buffer): void {
    this.isComplete = true
    this.#watch.onEnd(this.#rewriter.produced, true)
    this.#writer.end(last)
  }
}

export function emptyStream(): GatewayError {
  return upstreamNonsense('ended its stream before the first event')
}

export function cutStream(): GatewayError {
  return new GatewayError(
    'stream_interrupted',
    'The server behind this model broke off in the middle of its answer.',
  )
}
