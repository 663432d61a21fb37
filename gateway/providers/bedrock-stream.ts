import { isObject } from '../../modules/json-object.ts'
import { isJsonAnswer } from './anthropic-json.ts'
import {
  callHead,
  finishReasonOf,
  mostCallsFor,
  readBedrock,
  textIn,
  usageOf,
} from './bedrock-answers.ts'
import { chatChunk, isUsageAsked, type Chunk } from './chat-chunk.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, StreamTranslator } from './provider.ts'
import type { JsonObject } from './read-json.ts'

/** A tool call under way. */
interface Call {
  /** Its place among OpenAI's calls; `answer`: its arguments are the answer itself; undefined: one too many. */
  readonly place: number | 'answer' | undefined
  hasArguments: boolean
}

/** OpenAI's chat chunks from Converse's events. Unknown events say nothing: more kinds may come. */
export function createBedrockStream(request: ModelRequest): StreamTranslator {
  return new BedrockStream(request)
}

class BedrockStream implements StreamTranslator {
  isDone = false
  usage: Record<string, unknown> | undefined
  readonly #request: ModelRequest
  readonly #calls = new Map<unknown, Call>()
  #hasStarted = false
  #hasStopped = false
  #toolCalls = 0

  constructor(request: ModelRequest) {
    this.#request = request
  }

  /** It tells the usage behind the end of the answer, which is whole without. */
  onClose(): void {
    this.isDone ||= this.#hasStopped
  }

  onEvent(event: unknown): readonly Chunk[] {
    if (this.isDone) return []
    const said = readBedrock(event, this.#request)
    const [kind] = Object.keys(said)
    if (kind === undefined) throw nonsense('an event says nothing', this.#request.model)
    const told = said[kind]
    if (!isObject(told)) throw nonsense(`'${kind.slice(0, 40)}' is no object`, this.#request.model)
    switch (kind) {
      case 'contentBlockStart':
        return this.#startBlock(told)
      case 'contentBlockDelta':
        return this.#onDelta(told.contentBlockIndex, this.#objectIn(told, 'delta'))
      case 'contentBlockStop':
        return this.#endCall(told.contentBlockIndex)
      case 'messageStop':
        return this.#stop(told.stopReason)
      case 'metadata':
        return this.#end(told.usage)
      default:
        return []
    }
  }

  #startBlock({ start, contentBlockIndex: index }: JsonObject): readonly Chunk[] {
    const use = isObject(start) ? start.toolUse : undefined
    if (!isObject(use)) return []
    const { id, name } = callHead(use, this.#request)
    const place = this.#placeFor(name)
    this.#calls.set(index, { place, hasArguments: false })
    if (typeof place !== 'number') return []
    const call = { index: place, id, type: 'function', function: { name, arguments: '' } }
    return [this.#speak({ tool_calls: [call] })]
  }

  #placeFor(name: string): Call['place'] {
    if (isJsonAnswer(name, this.#request)) return 'answer'
    return this.#toolCalls < mostCallsFor(this.#request) ? this.#toolCalls++ : undefined
  }

  #onDelta(index: unknown, delta: JsonObject): readonly Chunk[] {
    const { text, toolUse, reasoningContent: thought } = delta
    if (isObject(toolUse)) return this.#arguing(index, textIn(toolUse.input, this.#request))
    if (isObject(thought)) return this.#thinking(thought)
    const said = textIn(text, this.#request)
    return said === '' ? [] : [this.#speak({ content: said })]
  }

  /** Each piece also in the form in which the whole can be sent back: with its signature. */
  #thinking({ text, signature: signed, redactedContent: hidden }: JsonObject): readonly Chunk[] {
    const data = textIn(hidden, this.#request)
    if (data !== '')
      return [this.#speak({ thinking_blocks: [{ type: 'redacted_thinking', data }] })]
    const thinking = textIn(text, this.#request)
    const signature = textIn(signed, this.#request)
    if (thinking === '' && signature === '') return []
    const block = { type: 'thinking', thinking, ...(signature !== '' && { signature }) }
    const reasoning = thinking === '' ? {} : { reasoning_content: thinking }
    return [this.#speak({ ...reasoning, thinking_blocks: [block] })]
  }

  #arguing(index: unknown, text: string): readonly Chunk[] {
    const call = this.#calls.get(index)
    if (call === undefined) throw nonsense('arguments come without a call', this.#request.model)
    if (text === '') return []
    call.hasArguments = true
    return this.#tell(call, text)
  }

  /** A call without arguments has empty ones: an empty text would be no JSON. */
  #endCall(index: unknown): readonly Chunk[] {
    const call = this.#calls.get(index)
    this.#calls.delete(index)
    return call === undefined || call.hasArguments ? [] : this.#tell(call, '{}')
  }

  #tell({ place }: Call, text: string): readonly Chunk[] {
    if (place === undefined) return []
    if (place === 'answer') return [this.#speak({ content: text })]
    return [this.#speak({ tool_calls: [{ index: place, function: { arguments: text } }] })]
  }

  #stop(stopReason: unknown): readonly Chunk[] {
    if (this.#hasStopped) return []
    const rest = [...this.#calls.keys()].flatMap((index) => this.#endCall(index))
    const reason = finishReasonOf(stopReason, this.#toolCalls > 0, this.#request)
    this.#hasStopped = true
    return [...rest, this.#speak(this.#hasStarted ? {} : { content: '' }, reason)]
  }

  #end(told: unknown): readonly Chunk[] {
    if (isObject(told)) this.usage = usageOf(told)
    if (!this.#hasStopped) return []
    this.isDone = true
    const { usage } = this
    return usage && isUsageAsked(this.#request) ? [chatChunk(this.#request, [], { usage })] : []
  }

  #speak(delta: JsonObject, finishReason: string | null = null): Chunk {
    const role = this.#hasStarted ? {} : { role: 'assistant' }
    this.#hasStarted = true
    const choice = { index: 0, delta: { ...role, ...delta }, finish_reason: finishReason }
    return chatChunk(this.#request, [choice])
  }

  #objectIn(said: JsonObject, field: string): JsonObject {
    const value = said[field]
    if (isObject(value)) return value
    throw nonsense(`'${field}' is missing in an event`, this.#request.model)
  }
}
