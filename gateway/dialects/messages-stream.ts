import { isObject } from '../../modules/json-object.ts'
import type { CallerRequest, CallerStream } from './caller-dialect.ts'
import { callIdOf, emptyMessage, stopOf, usageOf } from './messages-answer.ts'
import { toolBlock, ToolQueue, type OpenTool } from './messages-tool-queue.ts'
import { isGiven, textOf, type Fields } from './read-fields.ts'
import { nonsense } from './refusals.ts'

/** Anthropic's events from OpenAI's chunks: each block whole before the next begins. */
export function createStream(asked: CallerRequest): CallerStream {
  return new MessagesStream(asked)
}

/** What the open block holds. */
type Kind = 'text' | 'thinking' | 'tool'

class MessagesStream implements CallerStream {
  readonly #asked: CallerRequest
  readonly #tools = new ToolQueue()
  #hasStarted = false
  #hasEnded = false
  #kind: Kind | undefined
  #index = -1
  #isRefused = false
  #choice: Fields = {}
  #usage: unknown

  constructor(asked: CallerRequest) {
    this.#asked = asked
  }

  onChunk(chunk: unknown): string {
    if (this.#hasEnded) return ''
    if (!isObject(chunk)) throw nonsense('a chunk is no object', this.#asked.model)
    if (isObject(chunk.usage)) this.#usage = chunk.usage
    const started = this.#start()
    const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined
    return isObject(choice) ? started + this.#onChoice(choice) : started
  }

  end(): string {
    if (this.#hasEnded) return ''
    const rest = this.#start() + this.#close() + this.#sayNothing()
    this.#hasEnded = true
    const said = { hasCalls: this.#tools.count > 0, isRefused: this.#isRefused }
    const delta = stopOf(this.#choice, said, this.#asked)
    return (
      rest +
      event('message_delta', { delta, usage: usageOf(this.#usage) }) +
      event('message_stop', {})
    )
  }

  #start(): string {
    if (this.#hasStarted) return ''
    this.#hasStarted = true
    const message = { ...emptyMessage(this.#asked), usage: usageOf(this.#usage) }
    return event('message_start', { message })
  }

  #onChoice(choice: Fields): string {
    const said = isObject(choice.delta) ? this.#onDelta(choice.delta) : ''
    if (!isGiven(choice.finish_reason)) return said
    this.#choice = choice
    return said + this.#close()
  }

  #onDelta(delta: Fields): string {
    return (
      this.#think(delta) +
      this.#say(this.#textIn(delta.content)) +
      this.#refuse(this.#textIn(delta.refusal)) +
      this.#call(delta.tool_calls)
    )
  }

  #think(delta: Fields): string {
    const reasoning = this.#textIn(delta.reasoning_content) || this.#textIn(delta.reasoning)
    const blocks = Array.isArray(delta.thinking_blocks) ? delta.thinking_blocks : []
    const isTold = reasoning !== ''
    const told = isTold ? this.#thinking({ type: 'thinking_delta', thinking: reasoning }) : ''
    return (
      told +
      blocks
        .filter(isObject)
        .map((block) => this.#thought(block, isTold))
        .join('')
    )
  }

  /** What a block adds to the reasoning beside it: the signature; all of it where there is none beside it. */
  #thought(block: Fields, isTold: boolean): string {
    if (block.type === 'redacted_thinking') return this.#close() + this.#whole(block)
    const thinking = isTold ? '' : this.#textIn(block.thinking)
    const signature = this.#textIn(block.signature)
    const said = thinking === '' ? '' : this.#thinking({ type: 'thinking_delta', thinking })
    if (signature === '') return said
    // It ends the thought: one that comes after has a signature of its own.
    return said + this.#thinking({ type: 'signature_delta', signature }) + this.#close()
  }

  #thinking(delta: Fields): string {
    return (
      this.#open('thinking', { type: 'thinking', thinking: '', signature: '' }) + this.#add(delta)
    )
  }

  #say(text: string): string {
    if (text === '') return ''
    return this.#open('text', { type: 'text', text: '' }) + this.#add({ type: 'text_delta', text })
  }

  #refuse(text: string): string {
    if (text !== '') this.#isRefused = true
    return this.#say(text)
  }

  #call(calls: unknown): string {
    if (!Array.isArray(calls)) return ''
    return calls.map((call: unknown) => this.#onCall(call)).join('')
  }

  #onCall(call: unknown): string {
    const { index, id, function: called } = isObject(call) ? call : {}
    const { name, arguments: written } = isObject(called) ? called : {}
    const key = index ?? 0
    const known = this.#tools.find(key, textOf(id) || undefined)
    const tool = known ?? this.#newTool(key, textOf(id), textOf(name))
    const text =
      typeof written === 'string' ? written : isGiven(written) ? JSON.stringify(written) : ''
    return (known ? '' : this.#advance(false)) + this.#write(tool, text)
  }

  #newTool(key: unknown, id: string | undefined, name: string | undefined): OpenTool {
    if (!name) throw nonsense('a tool call has no name', this.#asked.model)
    return this.#tools.add(key, id || callIdOf(this.#asked, this.#tools.count), name)
  }

  #write(tool: OpenTool, text: string): string {
    if (this.#tools.hasEnded(tool)) {
      if (text.trim() === '') return ''
      throw nonsense('a tool call goes on behind its end', this.#asked.model)
    }
    tool.written += text
    tool.pending += text
    return this.#tools.live === tool ? this.#tell(tool) : this.#advance(false)
  }

  /** Arguments of the live call that have not been told. */
  #tell(tool: OpenTool): string {
    const opened = this.#open('tool', toolBlock(tool))
    const json = tool.pending
    tool.pending = ''
    return json === ''
      ? opened
      : opened + this.#add({ type: 'input_json_delta', partial_json: json })
  }

  /** Tells calls that are whole and goes on to the next; all of them where nothing more can come. */
  #advance(isForced: boolean): string {
    let events = ''
    for (;;) {
      const { live } = this.#tools
      if (live === undefined) return events
      events += this.#tell(live)
      if (this.#tools.takeEnded(isForced) === undefined) return events
      events += this.#stop()
    }
  }

  #open(kind: Kind, block: Fields): string {
    if (this.#kind === kind) return ''
    const closed = this.#close()
    this.#kind = kind
    this.#index += 1
    return closed + event('content_block_start', { index: this.#index, content_block: block })
  }

  #add(delta: Fields): string {
    return event('content_block_delta', { index: this.#index, delta })
  }

  #whole(block: Fields): string {
    this.#index += 1
    const index = this.#index
    return (
      event('content_block_start', { index, content_block: block }) +
      event('content_block_stop', { index })
    )
  }

  /** Ends the open block; calls that wait are told first. */
  #close(): string {
    return this.#kind === 'tool' ? this.#advance(true) : this.#stop()
  }

  #stop(): string {
    if (this.#kind === undefined) return ''
    this.#kind = undefined
    return event('content_block_stop', { index: this.#index })
  }

  /** Callers look at the first block of an answer, so there is one. */
  #sayNothing(): string {
    return this.#index >= 0 ? '' : this.#whole({ type: 'text', text: '' })
  }

  #textIn(value: unknown): string {
    if (!isGiven(value)) return ''
    if (typeof value === 'string') return value
    throw nonsense('a text was expected in a chunk', this.#asked.model)
  }
}

function event(type: string, fields: Fields): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
