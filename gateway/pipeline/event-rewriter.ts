import { fieldOf, isObject } from '../../modules/json-object.ts'
import type { Produced } from '../accounting/estimate-usage.ts'
import { dollarsText } from '../accounting/money.ts'
import type { Usage } from '../accounting/usage.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import {
  findNullUsage,
  modelMember,
  oneLine,
  withCost,
  withoutUsage,
  type Chunk,
} from './event-edits.ts'
import { EventShape } from './event-shape.ts'
import { dataStart, readEvent, type ReadEvent } from './read-event.ts'
import { StreamMeter, usageIn } from './stream-meter.ts'
import { WholePieces } from './whole-pieces.ts'

export interface RewriteRules {
  /** The name every event is to carry. */
  readonly model: string
  /** Take the usage out again that only we asked for. */
  readonly isUsageHidden: boolean
  /** How many choices or pictures must be finished; more than one only where the caller asks for them. */
  readonly choices?: number
  /** Types of the events that end a stream of this kind, beside `[DONE]`. */
  readonly lastEvents?: readonly string[]
  /** Whether data that is no JSON passes too: transcripts of some servers. */
  readonly mayBeText?: boolean
  /** What told usage costs, billionths of a dollar: it is put into usage that the caller may see. */
  readonly costOf?: (usage: Usage) => number | undefined
  /** The error for what the upstream says in the middle of its stream. */
  readonly errorOf?: (said: unknown) => GatewayError
}

export const doneEvent = Buffer.from('data: [DONE]\n\n')
const emptyLine = Buffer.from('\n\n')
const lineFeed = 0x0a
const usageKey = Buffer.from('"usage"')
const errorWord = Buffer.from('"error"')
const finishes = [Buffer.from('"finish_reason":"'), Buffer.from('"finish_reason": "')]

/**
 * Server-sent events on their way through: the model's name replaced in place, usage read from the side, what is no
 * part of an answer found out. Bytes in, bytes out; an event cut by the network is held until its rest comes.
 */
export class EventRewriter {
  /** The upstream has said all: `[DONE]`, or the last event of its kind. What follows is not looked at. */
  isDone = false
  /** Whether an event with data has passed; comments alone are no answer yet. */
  hasData = false
  readonly #rules: RewriteRules
  readonly #model: Buffer
  readonly #pieces = new WholePieces('empty line')
  readonly #meter = new StreamMeter()
  #finished = 0
  /** An event came of a kind that ends with a last one. */
  #isLastOwed = false
  #lastOnes = 0
  readonly #shape = new EventShape()

  constructor(rules: RewriteRules) {
    this.#rules = rules
    this.#model = Buffer.from(JSON.stringify(rules.model))
  }

  /** What it has used by now. */
  get produced(): Produced {
    return this.#meter.produced
  }

  /** Whether every choice said why it stopped, though `[DONE]` never came. */
  get hasFinished(): boolean {
    return this.#finished >= (this.#rules.choices ?? 1)
  }

  /** Whether the event that ends a stream of this kind is still to come. */
  get owesLast(): boolean {
    return this.#isLastOwed && !this.isDone
  }

  /** The whole events that are ready to go out; undefined where none is. Throws on an error event and on nonsense. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.isDone) return undefined
    const events = this.#pieces.push(chunk)
    return events && this.#rewrite(events)
  }

  /** What was left without its empty line, where it is a whole event all the same. */
  flush(): Buffer | undefined {
    if (this.isDone) return undefined
    const rest = this.#pieces.flush()
    // A cut may fall behind a brace: nothing of it is taken as known.
    this.#shape.forget()
    return rest && this.#rewrite(Buffer.concat([rest, emptyLine]))
  }

  #rewrite(events: Buffer): Buffer | undefined {
    const mayBeError = events.includes(errorWord)
    const out: Buffer[] = []
    for (let from = skipBreaks(events, 0); from < events.length && !this.isDone;) {
      const to = events.indexOf(emptyLine, from)
      const end = to < 0 ? events.length : to + emptyLine.length
      const event = end - from === events.length ? events : events.subarray(from, end)
      if (mayBeError || !this.#passKnown(event, out)) this.#inspect(event, out)
      from = skipBreaks(events, end)
    }
    if (out.length === 0) return undefined
    return out.length === 1 ? out[0] : Buffer.concat(out)
  }

  /** Passes an event that looks as the ones before it; false: it must be looked at. */
  #passKnown(event: Buffer, out: Buffer[]): boolean {
    const shape = this.#shape
    if (!shape.isHeadOf(event)) return false
    if (shape.isTailOf(event)) {
      this.#meter.count(event.length)
      shape.passWhole(event, out)
      return true
    }
    if (event.includes(usageKey)) return this.#passUsage(event, out)
    this.#countFinishes(event)
    this.#meter.count(event.length)
    shape.passHead(event, out)
    return true
  }

  /** An event of a known head with usage in it: null, or one that the caller may see. */
  #passUsage(event: Buffer, out: Buffer[]): boolean {
    const { isUsageHidden } = this.#rules
    const [at, length] = findNullUsage(event)
    if (isUsageHidden && at < this.#shape.headLength) return false
    if (at < 0 && this.#rules.costOf) return false
    this.#countFinishes(event)
    this.#meter.count(event.length)
    if (at < 0) this.#meter.tellLater(() => tryParse(event.subarray(dataStart(event))))
    this.#shape.passHead(isUsageHidden ? event.subarray(0, at) : event, out)
    if (isUsageHidden) out.push(event.subarray(at + length))
    return true
  }

  #countFinishes(event: Buffer): void {
    for (const finish of this.hasFinished ? [] : finishes) {
      for (let at = event.indexOf(finish); at >= 0; at = event.indexOf(finish, at + 1))
        this.#finished += 1
    }
  }

  #inspect(event: Buffer, out: Buffer[]): void {
    const read = readEvent(event)
    const { data } = read
    // An empty one keeps a connection alive; without any, some clients stumble over the event's name.
    if (data === undefined || data.trim() === '') {
      if (read.isComment) out.push(event)
      return
    }
    if (data.startsWith('[DONE]')) {
      this.isDone = true
      out.push(doneEvent)
      return
    }
    const chunk = this.#chunkOf(data)
    this.hasData = true
    this.#countFinishes(event)
    if (chunk === undefined) {
      this.#meter.count(event.length)
      out.push(event)
      return
    }
    this.#refuseError(read, chunk)
    this.#passChunk(read.isSplit ? oneLine(read) : event, chunk, out)
    this.#noteType(chunk['type'] ?? read.name)
  }

  #noteType(type: unknown): void {
    const { lastEvents, choices = 1 } = this.#rules
    if (!lastEvents || typeof type !== 'string') return
    if (!lastEvents.includes(type)) {
      this.#isLastOwed ||= lastEvents.some((last) => kindOf(last) === kindOf(type))
      return
    }
    this.#lastOnes += 1
    if (this.#lastOnes >= choices) this.isDone = true
  }

  #chunkOf(data: string): Chunk | undefined {
    let value: unknown
    try {
      value = JSON.parse(data)
    } catch (cause) {
      if (!this.#rules.mayBeText) throw upstreamNonsense('sent an event that is not JSON', cause)
    }
    if (isObject(value)) return value
    if (this.#rules.mayBeText) return undefined
    throw upstreamNonsense('sent an event that is no JSON object')
  }

  #refuseError({ name }: ReadEvent, chunk: Chunk): void {
    const { error, object, type } = chunk
    const isError = name === 'error' || type === 'error' || object === 'error'
    if (!error && !isError) return
    const said = error ? { error } : { error: chunk }
    throw this.#rules.errorOf?.(said) ?? errorOf(said)
  }

  #passChunk(event: Buffer, chunk: Chunk, out: Buffer[]): void {
    const usage = usageIn(chunk)
    const { choices, type } = chunk
    const isHidden = this.#rules.isUsageHidden && 'usage' in chunk
    const isForUsageAlone = usage && !(Array.isArray(choices) && choices.length > 0)
    if (isHidden && isForUsageAlone) {
      this.#meter.tell(usage)
      return
    }
    if (typeof type !== 'string' || type.includes('delta')) this.#meter.count(event.length)
    if (usage) this.#meter.tell(usage)
    const shown = isHidden ? withoutUsage(event) : this.#priced(event, chunk, usage)
    this.#pushRenamed(shown, chunk, out)
    const { choices: count = 1, isUsageHidden } = this.#rules
    if (!usage && count === 1 && areUnfinished(choices)) this.#shape.learnTail(event, isUsageHidden)
  }

  #priced(event: Buffer, chunk: Chunk, usage: Usage | undefined): Buffer {
    const cost = usage && this.#rules.costOf?.(usage)
    return cost === undefined ? event : withCost(event, chunk, dollarsText(cost))
  }

  #pushRenamed(event: Buffer, chunk: Chunk, out: Buffer[]): void {
    const member = modelMember(event, chunk)
    if (!member) {
      out.push(event)
      return
    }
    const head = event.subarray(0, member.end)
    const newHead = Buffer.concat([event.subarray(0, member.valueStart), this.#model])
    if (typeof chunk['model'] === 'string') this.#shape.learnHead(head, newHead)
    out.push(newHead, event.subarray(member.end))
  }
}

function areUnfinished(choices: unknown): boolean {
  if (!Array.isArray(choices)) return false
  return choices.every((choice) => typeof fieldOf(choice, 'finish_reason') !== 'string')
}

// More empty lines than one mean nothing.
function skipBreaks(events: Buffer, from: number): number {
  let at = from
  while (events[at] === lineFeed) at += 1
  return at
}

/** `response` of `response.created`, `message` of `message_start`. */
function kindOf(type: string): string | undefined {
  return /^[a-z]+/.exec(type)?.[0]
}

function tryParse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

function errorOf(said: unknown): GatewayError {
  return new GatewayError(
    'upstream_failed',
    'The server behind this model broke off with an error.',
    { cause: JSON.stringify(said).slice(0, 2000) },
  )
}
