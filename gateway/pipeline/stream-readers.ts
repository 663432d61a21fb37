import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import { envelopeOf } from '../errors/envelope.ts'
import type { Usage } from '../accounting/usage.ts'
import type { ModelRequest, StreamTranslation } from '../providers/provider.ts'
import type { AnswerReader, UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import { readUsage } from '../accounting/read-usage.ts'
import type { Answer } from './answer.ts'
import { addPassed } from './answer-headers.ts'
import { EventRewriter } from './event-rewriter.ts'

/** What a reader tells of a stream while it passes. */
export interface StreamWatch {
  /** Adds names and values to the head; asked once, before the first event goes out. */
  addHeaders(headers: string[]): string[]
  onFirstEvent(): void
  onUsage(usage: Usage): void
}

export interface StreamRules {
  readonly model: string
  readonly isUsageHidden: boolean
  /** Chat and completions end with a finish reason and `[DONE]`; an end without is a cut. */
  readonly endsWithDone: boolean
}

const streamHead = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
]
const doneEvent = 'data: [DONE]\n\n'
const mostComments = 64

/** Writes a stream out: head with the first event, backpressure towards the upstream. */
class StreamWriter {
  readonly #answer: Answer
  readonly #call: UpstreamCall
  readonly #watch: StreamWatch
  readonly #head: UpstreamHead

  constructor(answer: Answer, call: UpstreamCall, watch: StreamWatch, head: UpstreamHead) {
    this.#answer = answer
    this.#call = call
    this.#watch = watch
    this.#head = head
  }

  write(chunk: Buffer | string): void {
    if (!this.#answer.hasStarted) {
      this.#call.stopClock()
      this.#watch.onFirstEvent()
      const headers = this.#watch.addHeaders([...streamHead])
      this.#answer.start(200, addPassed(headers, this.#head.headers))
    }
    if (!this.#answer.write(chunk)) {
      this.#call.pause()
      this.#answer.onDrain(() => this.#call.resume())
    }
  }
}

/** A stream in the caller's own dialect, passed on as bytes. */
export function readEvents(
  answer: Answer,
  call: UpstreamCall,
  head: UpstreamHead,
  rules: StreamRules,
  watch: StreamWatch,
): AnswerReader {
  const rewriter = new EventRewriter(rules)
  const writer = new StreamWriter(answer, call, watch, head)
  let comments: Buffer[] = []
  // Comments keep a connection alive and answer nothing: until there is data another server may be tried.
  const relay = (ready: Buffer | undefined): void => {
    if (!ready) return
    if (rewriter.hasData) {
      writer.write(comments.length === 0 ? ready : Buffer.concat([...comments, ready]))
      comments = []
    } else if (comments.length < mostComments) {
      comments.push(ready)
    }
  }
  return {
    push: (chunk) => relay(rewriter.push(chunk)),
    end() {
      relay(rewriter.flush())
      watch.onUsage(rewriter.usage)
      if (!answer.hasStarted) throw emptyStream()
      if (rules.endsWithDone && !rewriter.isDone) {
        if (!rewriter.hasFinishReason) throw cutStream()
        answer.write(doneEvent)
      }
      answer.end()
    },
  }
}

/** A stream in the upstream's dialect, translated event by event. */
export function readTranslatedEvents(
  answer: Answer,
  call: UpstreamCall,
  head: UpstreamHead,
  { translation, request, watch }: TranslatedStream,
): AnswerReader {
  const translator = translation.create(request)
  const writer = new StreamWriter(answer, call, watch, head)
  const split = createSplitter(translation.framing)
  const relay = (frames: readonly string[]): void => {
    let text = ''
    for (const frame of frames) {
      for (const chunk of translator.onEvent(parseFrame(frame))) {
        text += `data: ${JSON.stringify(chunk)}\n\n`
      }
    }
    if (text !== '') writer.write(text)
  }
  return {
    push: (chunk) => relay(split.push(chunk)),
    end() {
      relay(split.flush())
      watch.onUsage(readUsage(translator) ?? {})
      if (!answer.hasStarted) throw emptyStream()
      if (!translator.isDone) throw cutStream()
      answer.write(doneEvent)
      answer.end()
    },
  }
}

export interface TranslatedStream {
  readonly translation: StreamTranslation
  readonly request: ModelRequest
  readonly watch: StreamWatch
}

/** The well-formed last event of a stream that failed, so that no SDK takes half an answer for a whole one. */
export function endStreamWithError(answer: Answer, error: GatewayError): void {
  answer.end(`data: ${JSON.stringify(envelopeOf(error))}\n\n`)
}

interface Splitter {
  push(chunk: Buffer): string[]
  flush(): string[]
}

const longestLine = 16 * 1024 * 1024

/** Whole lines (NDJSON) or the data of whole events (SSE) out of bytes cut anywhere. */
function createSplitter(framing: StreamTranslation['framing']): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  const payloads = (text: string): string[] =>
    text.split('\n').flatMap((line) => {
      const payload =
        framing === 'sse' ? (/^data: ?(.*)$/.exec(line.trimEnd())?.[1] ?? '') : line.trim()
      return payload === '' || payload === '[DONE]' ? [] : payload
    })
  return {
    push(chunk) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      const end = bytes.lastIndexOf(0x0a) + 1
      rest = bytes.subarray(end)
      if (rest.length > longestLine) throw upstreamNonsense('sent a line larger than 16 MiB')
      return end === 0 ? [] : payloads(bytes.toString('utf8', 0, end))
    },
    flush() {
      const text = rest.toString('utf8')
      rest = Buffer.alloc(0)
      return payloads(text)
    },
  }
}

function parseFrame(frame: string): unknown {
  try {
    return JSON.parse(frame)
  } catch (cause) {
    throw upstreamNonsense('sent an event that is not JSON', cause)
  }
}

function emptyStream(): GatewayError {
  return upstreamNonsense('ended its stream before the first event')
}

function cutStream(): GatewayError {
  return new GatewayError(
    'stream_interrupted',
    'The server behind this model broke off in the middle of its answer.',
  )
}
