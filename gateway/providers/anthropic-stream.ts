import { isObject } from '../../modules/json-object.ts'
import { callHead, finishReasonOf, readAnthropic, textIn, usageOf } from './anthropic-answers.ts'
import { annotationsFor } from './anthropic-citations.ts'
import { isJsonAnswer } from './anthropic-json.ts'
import { chatChunk, isUsageAsked, type Chunk } from './chat-chunk.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, StreamTranslator } from './provider.ts'
import { givenFields, isGiven, textOf, type JsonObject } from './read-json.ts'

/** A tool call under way. */
interface Call {
  /** Its place among OpenAI's calls; undefined: its arguments are the answer itself. */
  readonly index: number | undefined
  /** Arguments that came with its start. */
  readonly input: unknown
  hasArguments: boolean
}

/** OpenAI's chat chunks from Anthropic's events. Unknown events say nothing: more kinds may come. */
export function createAnthropicStream(request: ModelRequest): StreamTranslator {
  return new AnthropicStream(request)
}

class AnthropicStream implements StreamTranslator {
  isDone = false
  readonly #request: ModelRequest
  readonly #calls = new Map<unknown, Call>()
  #id: string
  #hasStarted = false
  #toolCalls = 0
  /** How much text has been said, and where the block that cites began. */
  #length = 0
  #citedFrom = 0
  #citations: unknown[] = []
  #stopReason: unknown
  #refusal: string | undefined
  #told: JsonObject | undefined

  constructor(request: ModelRequest) {
    this.#request = request
    this.#id = request.answerId
  }

  get usage(): Record<string, unknown> | undefined {
    return this.#told && usageOf(this.#told)
  }

  onEvent(event: unknown): readonly Chunk[] {
    if (this.isDone) return []
    const said = readAnthropic(event, this.#request)
    switch (said.type) {
      case 'message_start':
        return this.#start(said)
      case 'content_block_start':
        return this.#startBlock(said.index, this.#objectIn(said, 'content_block'))
      case 'content_block_delta':
        return this.#onDelta(said.index, this.#objectIn(said, 'delta'))
      case 'content_block_stop':
        return [...this.#endCall(said.index), ...this.#cite()]
      case 'message_delta':
        return this.#learn(said)
      case 'message_stop':
        return this.#end()
      default:
        if (textOf(said.type) === undefined)
          throw nonsense('an event has no type', this.#request.model)
        return []
    }
  }

  // Says nothing yet: until there is content another server may be tried.
  #start(said: JsonObject): readonly Chunk[] {
    const message = this.#objectIn(said, 'message')
    this.#id = textOf(message.id) || this.#id
    this.#count(message.usage)
    return []
  }

  #startBlock(index: unknown, block: JsonObject): readonly Chunk[] {
    switch (block.type) {
      case 'text':
        this.#citedFrom = this.#length
        return this.#say(block.text)
      case 'thinking':
        return this.#thinking(block)
      case 'redacted_thinking':
        return [this.#speak({ thinking_blocks: [block] })]
      case 'tool_use':
        return this.#startCall(index, block)
      default:
        return []
    }
  }

  #startCall(index: unknown, block: JsonObject): readonly Chunk[] {
    const { id, name } = callHead(block, this.#request)
    const isAnswer = isJsonAnswer(name, this.#request)
    const place = isAnswer ? undefined : this.#toolCalls++
    this.#calls.set(index, { index: place, input: block.input, hasArguments: false })
    if (place === undefined) return []
    const call = { index: place, id, type: 'function', function: { name, arguments: '' } }
    return [this.#speak({ tool_calls: [call] })]
  }

  #onDelta(index: unknown, delta: JsonObject): readonly Chunk[] {
    switch (delta.type) {
      case 'text_delta':
        return this.#say(delta.text)
      case 'thinking_delta':
      case 'signature_delta':
        return this.#thinking(delta)
      case 'citations_delta':
        this.#citations.push(delta.citation)
        return []
      case 'input_json_delta':
        return this.#arguing(index, textIn(delta.partial_json, this.#request))
      default:
        return []
    }
  }

  #say(value: unknown): readonly Chunk[] {
    const text = textIn(value, this.#request)
    this.#length += text.length
    return text === '' ? [] : [this.#speak({ content: text })]
  }

  #cite(): readonly Chunk[] {
    const annotations = annotationsFor(this.#citations, this.#citedFrom, this.#length)
    this.#citations = []
    return annotations.length === 0 ? [] : [this.#speak({ annotations })]
  }

  /** Each piece also in the form in which the whole can be sent back: with its signature. */
  #thinking(piece: JsonObject): readonly Chunk[] {
    const thinking = textIn(piece.thinking, this.#request)
    const signature = textIn(piece.signature, this.#request)
    if (thinking === '' && signature === '') return []
    const block = { type: 'thinking', thinking, ...(signature !== '' && { signature }) }
    const reasoning = thinking === '' ? {} : { reasoning_content: thinking }
    return [this.#speak({ ...reasoning, thinking_blocks: [block] })]
  }

  #arguing(index: unknown, text: string): readonly Chunk[] {
    const call = this.#calls.get(index)
    // Arguments of a tool that Anthropic runs itself.
    if (call === undefined || text === '') return []
    call.hasArguments = true
    return [this.#speak(argumentsDelta(call, text))]
  }

  /** Arguments that came at once, or none at all: an empty text would be no JSON. */
  #endCall(index: unknown): readonly Chunk[] {
    const call = this.#calls.get(index)
    this.#calls.delete(index)
    if (call === undefined || call.hasArguments) return []
    return [this.#speak(argumentsDelta(call, JSON.stringify(call.input ?? {})))]
  }

  #learn(said: JsonObject): readonly Chunk[] {
    const delta = this.#objectIn(said, 'delta')
    if (isGiven(delta.stop_reason)) this.#stopReason = delta.stop_reason
    if (isObject(delta.stop_details)) this.#refusal = textOf(delta.stop_details.explanation)
    this.#count(said.usage)
    return []
  }

  /** Later counts are totals and go before earlier ones; what they leave out stays. */
  #count(usage: unknown): void {
    if (isObject(usage)) this.#told = { ...this.#told, ...givenFields(usage) }
  }

  #end(): readonly Chunk[] {
    const rest = [...this.#calls.keys()].flatMap((index) => this.#endCall(index))
    const refused = this.#refusal ? [this.#speak({ refusal: this.#refusal })] : []
    const reason = finishReasonOf(this.#stopReason, this.#toolCalls > 0)
    const last = this.#speak(this.#hasStarted ? {} : { content: '' }, reason)
    this.isDone = true
    const { usage } = this
    const counted = usage && isUsageAsked(this.#request) ? [this.#chunk([], usage)] : []
    return [...rest, ...refused, last, ...counted]
  }

  #speak(delta: JsonObject, finishReason: string | null = null): Chunk {
    const role = this.#hasStarted ? {} : { role: 'assistant' }
    this.#hasStarted = true
    return this.#chunk([{ index: 0, delta: { ...role, ...delta }, finish_reason: finishReason }])
  }

  #chunk(choices: readonly JsonObject[], usage?: unknown): Chunk {
    return chatChunk(this.#request, choices, { id: this.#id, usage })
  }

  #objectIn(said: JsonObject, field: string): JsonObject {
    const value = said[field]
    if (isObject(value)) return value
    throw nonsense(`'${field}' is missing in an event`, this.#request.model)
  }
}

function argumentsDelta({ index }: Call, text: string): JsonObject {
  if (index === undefined) return { content: text }
  return { tool_calls: [{ index, function: { arguments: text } }] }
}
