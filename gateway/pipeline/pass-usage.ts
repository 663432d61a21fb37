import { isObject } from '../../modules/json-object.ts'
import { readMediaUsage, readUsage } from '../accounting/read-usage.ts'
import type { Usage } from '../accounting/usage.ts'
import type { UsageReader } from '../providers/provider.ts'
import { readEvent } from './read-event.ts'
import { StreamMeter, usageIn } from './stream-meter.ts'
import { WholePieces } from './whole-pieces.ts'

/** Hears what passes and tells what it has used, as far as that can be seen. */
export interface UsageWatch {
  push(chunk: Buffer): void
  /** What was told until now. */
  readonly usage: Usage
}

const largestJson = 32 * 1024 * 1024

/** The watch for a kind of answer; undefined: its usage is nowhere to be seen. */
export function watchUsage(type: string, own: UsageReader | undefined): UsageWatch | undefined {
  if (/^text\/event-stream/i.test(type)) return new StreamWatch('empty line', own)
  if (/^application\/(x-ndjson|jsonl|x-jsonlines|stream\+json)/i.test(type))
    return new StreamWatch('line', own)
  return /^application\/([\w.-]+\+)?json/i.test(type) ? new JsonWatch(own) : undefined
}

/** The usage that one answer tells, or the last of a list of them. */
export function usageOfJson(value: unknown, own: UsageReader | undefined): Usage {
  if (Array.isArray(value)) {
    const told = value.findLast((item) => readTold(item, own) !== undefined)
    return readTold(told, own) ?? {}
  }
  const media = isObject(value) ? readMediaUsage(value) : {}
  return { ...readTold(value, own), ...media }
}

function readTold(value: unknown, own: UsageReader | undefined): Usage | undefined {
  const usage = own?.(value)
  return usage === undefined ? usageIn(value) : readUsage({ ...Object(value), usage })
}

class StreamWatch implements UsageWatch {
  readonly #meter = new StreamMeter()
  readonly #own: UsageReader | undefined
  readonly #framing: 'empty line' | 'line'
  #pieces: WholePieces | undefined

  constructor(framing: 'empty line' | 'line', own: UsageReader | undefined) {
    this.#framing = framing
    this.#own = own
    this.#pieces = new WholePieces(framing)
  }

  push(chunk: Buffer): void {
    try {
      this.#read(this.#pieces?.push(chunk))
    } catch {
      // An event without end: it passes all the same, and nothing more is read.
      this.#pieces = undefined
    }
  }

  get usage(): Usage {
    try {
      this.#read(this.#pieces?.flush())
    } catch {
      this.#pieces = undefined
    }
    return this.#meter.produced.told
  }

  #read(pieces: Buffer | undefined): void {
    if (!pieces || !hasCounts(pieces)) return
    const text = pieces.toString('utf8')
    for (const piece of text.split(this.#framing === 'line' ? '\n' : '\n\n')) {
      if (!hasCounts(piece)) continue
      const data = this.#framing === 'line' ? piece : readEvent(Buffer.from(piece)).data
      const value = parse(data ?? '')
      const told = readTold(value, this.#own)
      if (told) this.#meter.tell(told)
    }
  }
}

// Every dialect has one of these words where it counts, and hardly an event that does not.
function hasCounts(text: Buffer | string): boolean {
  return ['usage', 'billed_units', 'eval_count'].some((word) => text.includes(word))
}

class JsonWatch implements UsageWatch {
  readonly #own: UsageReader | undefined
  #chunks: Buffer[] = []
  #length = 0

  constructor(own: UsageReader | undefined) {
    this.#own = own
  }

  push(chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length > largestJson) this.#chunks = []
    else this.#chunks.push(chunk)
  }

  get usage(): Usage {
    if (this.#length > largestJson) return {}
    return usageOfJson(parse(Buffer.concat(this.#chunks).toString('utf8')), this.#own)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
