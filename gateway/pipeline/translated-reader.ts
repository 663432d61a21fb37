import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import { isObject } from '../../modules/json-object.ts'
import { toDollars } from '../accounting/money.ts'
import { readUsage } from '../accounting/read-usage.ts'
import type { Framer } from '../providers/framer.ts'
import type { StreamTranslation, StreamTranslator } from '../providers/provider.ts'
import type { AnswerReader } from '../upstream/call.ts'
import { doneEvent } from './event-rewriter.ts'
import { readEvent } from './read-event.ts'
import { StreamMeter } from './stream-meter.ts'
import { cutStream, emptyStream } from './stream-readers.ts'
import type { StreamWatch, StreamWriter } from './stream-writer.ts'
import { WholePieces } from './whole-pieces.ts'

/** How chunks of chat are said to a caller that speaks otherwise, and what ends its answer. */
export interface Voice {
  onChunk(chunk: unknown): string
  end(): string
}

/** A stream in the upstream's dialect, translated event by event. */
export class TranslatedReader implements AnswerReader {
  readonly #writer: StreamWriter
  readonly #watch: StreamWatch
  readonly #translator: StreamTranslator
  readonly #voice: Voice | undefined
  readonly #framer: Framer | undefined
  readonly #framing: 'ndjson' | 'sse'
  readonly #pieces: WholePieces
  readonly #meter = new StreamMeter()
  isComplete = false

  constructor(
    writer: StreamWriter,
    translator: StreamTranslator,
    framing: StreamTranslation['framing'],
    watch: StreamWatch,
    voice?: Voice,
  ) {
    this.#writer = writer
    this.#translator = translator
    this.#framer = typeof framing === 'string' ? undefined : framing()
    this.#framing = typeof framing === 'string' ? framing : 'sse'
    this.#watch = watch
    this.#voice = voice
    this.#pieces = new WholePieces(framing === 'sse' ? 'empty line' : 'line')
  }

  push(chunk: Buffer): void {
    if (this.isComplete) return
    if (this.#framer) this.#relayFrames(this.#framer.push(chunk))
    else this.#relay(this.#pieces.push(chunk))
  }

  end(): void {
    if (this.isComplete) return
    this.#relay(this.#pieces.flush())
    if (this.isComplete) return
    this.#translator.onClose?.()
    this.#finish('')
    if (this.isComplete) return
    throw this.#writer.hasStarted ? cutStream() : emptyStream()
  }

  stop(): void {
    if (this.#writer.hasStarted) this.#tellEnd(false)
  }

  #relay(pieces: Buffer | undefined): void {
    if (!pieces) return
    let events = ''
    for (const payload of payloadsOf(pieces, this.#framing)) {
      if (payload === '[DONE]') this.#translator.onDone?.()
      else events += this.#tell(parse(payload))
      if (this.#translator.isDone) break
    }
    this.#finish(events)
  }

  #relayFrames(frames: Iterable<unknown>): void {
    let events = ''
    for (const frame of frames) {
      events += this.#tell(frame)
      if (this.#translator.isDone) break
    }
    this.#finish(events)
  }

  #tell(event: unknown): string {
    let events = ''
    for (const chunk of this.#translator.onEvent(event)) events += this.#say(chunk)
    return events
  }

  /** Writes what there is, and the end where the upstream has said that it is done. */
  #finish(events: string): void {
    if (events !== '') this.#writer.write(events)
    if (!this.#translator.isDone) return
    if (!this.#writer.hasStarted) throw emptyStream()
    this.isComplete = true
    this.#tellEnd(true)
    this.#writer.end(this.#voice ? Buffer.from(this.#voice.end()) : doneEvent)
  }

  #say(chunk: Readonly<Record<string, unknown>>): string {
    const event = this.#voice
      ? this.#voice.onChunk(chunk)
      : `data: ${JSON.stringify(this.#priced(chunk))}\n\n`
    if (event !== '') this.#meter.count(event.length)
    return event
  }

  /** Usage that the caller is shown tells its cost. */
  #priced(chunk: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const { usage } = chunk
    if (!isObject(usage) || 'cost' in usage) return chunk
    const cost = this.#watch.costOf?.(readUsage(chunk) ?? {})
    return cost === undefined ? chunk : { ...chunk, usage: { ...usage, cost: toDollars(cost) } }
  }

  #tellEnd(isWhole: boolean): void {
    const told = readUsage(this.#translator)
    if (told) this.#meter.tell(told)
    this.#watch.onEnd(this.#meter.produced, isWhole)
  }
}

function payloadsOf(pieces: Buffer, framing: 'ndjson' | 'sse'): string[] {
  const text = pieces.toString('utf8')
  const payloads =
    framing === 'ndjson'
      ? text.split('\n')
      : text.split('\n\n').map((event) => readEvent(Buffer.from(event)).data ?? '')
  return payloads.filter((payload) => payload.trim() !== '')
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch (cause) {
    throw upstreamNonsense('sent an event that is not JSON', cause)
  }
}
