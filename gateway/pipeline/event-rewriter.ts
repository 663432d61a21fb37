import { fieldOf } from '../../modules/json-object.ts'
import { readUsage } from '../accounting/read-usage.ts'
import type { Usage } from '../accounting/usage.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import { findMembers, JsonShapeError, type Member } from './json-members.ts'

export interface RewriteRules {
  /** The name every event is to carry. */
  readonly model: string
  /** Take the usage out again that only we asked for. */
  readonly isUsageHidden: boolean
}

const longestEvent = 16 * 1024 * 1024
const lf = Buffer.from('\n\n')
const crlf = Buffer.from('\r\n\r\n')
const done = Buffer.from('data: [DONE]')
const usageKey = Buffer.from('"usage"')
const nullUsage = [Buffer.from(',"usage":null'), Buffer.from(', "usage": null')]
const keptBlocks = 4

/**
 * Server-sent events on their way through: the model's name replaced in place, usage read from the side.
 * Bytes in, bytes out; an event cut by the network is held until its rest comes.
 */
export class EventRewriter {
  usage: Usage = {}
  isDone = false
  /** Whether an event with data has passed; comments alone are no answer yet. */
  hasData = false
  readonly #rules: RewriteRules
  readonly #model: Buffer
  #rest: Buffer | undefined
  #separator: Buffer | undefined
  // Events of one stream share their head (id, created, model): learnt once, compared by memcmp after.
  #head: Buffer | undefined
  #newHead: Buffer | undefined
  #isRenaming = true
  #lastBlocks: Buffer[] = []

  constructor(rules: RewriteRules) {
    this.#rules = rules
    this.#model = Buffer.from(JSON.stringify(rules.model))
  }

  /** The whole events that are ready to go out; undefined where none is. Throws on an error event and on nonsense. */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = undefined
    const separator = (this.#separator ??= findSeparator(bytes))
    const last = separator ? bytes.lastIndexOf(separator) : -1
    if (!separator || last < 0) {
      this.#hold(bytes)
      return undefined
    }
    const end = last + separator.length
    if (end < bytes.length) this.#hold(bytes.subarray(end))
    return this.#rewrite(end === bytes.length ? bytes : bytes.subarray(0, end), separator)
  }

  /** What was left without its empty line, where it is a whole event all the same. */
  flush(): Buffer | undefined {
    const rest = this.#rest
    this.#rest = undefined
    if (!rest || rest.toString('latin1').trim() === '') return undefined
    const separator = this.#separator ?? lf
    const body = rest.subarray(0, lengthWithoutBreaks(rest))
    return this.#rewrite(Buffer.concat([body, separator]), separator)
  }

  /** Whether a last event said why the model stopped, though `[DONE]` never came. */
  get hasFinishReason(): boolean {
    return /"finish_reason"\s*:\s*"/.test(Buffer.concat(this.#lastBlocks).toString('latin1'))
  }

  #hold(bytes: Buffer): void {
    if (bytes.length > longestEvent) throw upstreamNonsense('sent an event larger than 16 MiB')
    this.#rest = bytes
  }

  #rewrite(block: Buffer, separator: Buffer): Buffer | undefined {
    this.#lastBlocks.push(block)
    if (this.#lastBlocks.length > keptBlocks) this.#lastBlocks.shift()
    const hasUsage = block.includes(usageKey)
    const out: Buffer[] = []
    let from = 0
    while (from < block.length) {
      const to = block.indexOf(separator, from)
      const end = to < 0 ? block.length : to + separator.length
      this.#rewriteEvent(block.subarray(from, end), hasUsage, out)
      from = end
    }
    if (out.length === 0) return undefined
    return out.length === 1 ? out[0] : Buffer.concat(out)
  }

  #rewriteEvent(event: Buffer, mayHaveUsage: boolean, out: Buffer[]): void {
    const hasUsage = mayHaveUsage && event.includes(usageKey)
    const head = this.#head
    if (
      !hasUsage &&
      head &&
      event.length > head.length &&
      head.compare(event, 0, head.length) === 0
    ) {
      if (this.#newHead) out.push(this.#newHead, event.subarray(head.length))
      else out.push(event)
      return
    }
    this.#inspect(event, hasUsage, out)
  }

  #inspect(event: Buffer, hasUsage: boolean, out: Buffer[]): void {
    if (startsWith(event, done)) {
      this.isDone = true
      this.hasData = true
      out.push(event)
      return
    }
    const start = dataStart(event)
    if (start >= 0) this.hasData = true
    if (start < 0 || event[start] !== 0x7b) {
      if (isDoneLine(event, start)) this.isDone = true
      else if (start >= 0) throw upstreamNonsense('sent an event that is not JSON')
      out.push(event)
      return
    }
    const members = membersAt(event, start)
    const error = members.find(({ key }) => key === 'error')
    if (error && !isNull(event, error) && !members.some(({ key }) => key === 'choices')) {
      throw errorEvent(event.subarray(error.valueStart, error.end))
    }
    if (hasUsage && !this.#takeUsage(event, start, members)) return
    out.push(
      ...this.#renamed(
        this.#rules.isUsageHidden && hasUsage ? withoutNullUsage(event) : event,
        start,
      ),
    )
  }

  /** False where the event exists for its usage alone and the caller asked for none. */
  #takeUsage(event: Buffer, start: number, members: readonly Member[]): boolean {
    const end = members.at(-1)?.end ?? start
    const parsed = parse(event.subarray(start, event.indexOf(0x7d, end) + 1))
    const usage = readUsage(parsed) ?? readUsage(fieldOf(parsed, 'response'))
    if (!usage) return true
    this.usage = usage
    const choices = fieldOf(parsed, 'choices')
    return !(this.#rules.isUsageHidden && Array.isArray(choices) && choices.length === 0)
  }

  #renamed(event: Buffer, start: number): Buffer[] {
    if (!this.#isRenaming) return [event]
    const member = modelMember(event, start)
    if (!member) return [event]
    const head = event.subarray(0, member.end)
    const newHead = Buffer.concat([event.subarray(0, member.valueStart), this.#model])
    this.#head = Buffer.from(head)
    this.#newHead = newHead.equals(head) ? undefined : newHead
    return this.#newHead ? [this.#newHead, event.subarray(member.end)] : [event]
  }
}

function findSeparator(bytes: Buffer): Buffer | undefined {
  const short = bytes.indexOf(lf)
  const long = bytes.indexOf(crlf)
  if (short < 0 && long < 0) return undefined
  return long >= 0 && (short < 0 || long < short) ? crlf : lf
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && prefix.compare(bytes, 0, prefix.length) === 0
}

/** Offset of the payload of the first `data:` line; -1 for a comment or a bare event name. */
function dataStart(event: Buffer): number {
  let line = 0
  while (line < event.length) {
    if (event[line] === 0x64 && event.toString('latin1', line, line + 5) === 'data:') {
      return event[line + 5] === 0x20 ? line + 6 : line + 5
    }
    const next = event.indexOf(0x0a, line)
    if (next < 0) return -1
    line = next + 1
  }
  return -1
}

function isDoneLine(event: Buffer, start: number): boolean {
  return start >= 0 && event.toString('latin1', start, start + 6) === '[DONE]'
}

function membersAt(event: Buffer, start: number): Member[] {
  try {
    return findMembers(event, start)
  } catch (cause) {
    if (cause instanceof JsonShapeError)
      throw upstreamNonsense('sent an event that is not JSON', cause)
    throw cause
  }
}

/** The `model` of a chunk, or of the response that an event of the Responses API carries. */
function modelMember(event: Buffer, start: number): Member | undefined {
  const members = membersAt(event, start)
  const own = members.find(({ key }) => key === 'model')
  if (own) return event[own.valueStart] === 0x22 ? own : undefined
  const response = members.find(({ key }) => key === 'response' || key === 'message')
  if (!response || event[response.valueStart] !== 0x7b) return undefined
  const nested = membersAt(event, response.valueStart).find(({ key }) => key === 'model')
  return nested && event[nested.valueStart] === 0x22 ? nested : undefined
}

function withoutNullUsage(event: Buffer): Buffer {
  for (const pattern of nullUsage) {
    const at = event.indexOf(pattern)
    if (at >= 0) return Buffer.concat([event.subarray(0, at), event.subarray(at + pattern.length)])
  }
  return event
}

function isNull(event: Buffer, member: Member): boolean {
  return event.toString('latin1', member.valueStart, member.end) === 'null'
}

function lengthWithoutBreaks(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && (bytes[length - 1] === 0x0a || bytes[length - 1] === 0x0d)) length -= 1
  return length
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw upstreamNonsense('sent an event that is not JSON', cause)
  }
}

function errorEvent(payload: Buffer): GatewayError {
  return new GatewayError(
    'upstream_failed',
    'The server behind this model broke off with an error.',
    {
      cause: payload.toString('utf8').slice(0, 2000),
    },
  )
}
