import { fieldOf, isObject } from '../../modules/json-object.ts'
import { chatChunk, isUsageAsked, type Chunk } from './chat-chunk.ts'
import {
  annotationsIn,
  callIn,
  finishReasonOf,
  logprobsIn,
  mostCallsFor,
  textIn,
  usageOf,
} from './cohere-answers.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, StreamTranslator } from './provider.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/** A tool call under way. */
interface Call {
  /** Its place among OpenAI's calls; undefined: one more than the caller takes. */
  readonly place: number | undefined
  hasArguments: boolean
}

/** OpenAI's chat chunks from Cohere's events. Unknown events say nothing: more kinds may come. */
export function createCohereStream(request: ModelRequest): StreamTranslator {
  return new CohereStream(request)
}

class CohereStream implements StreamTranslator {
  isDone = false
  usage: Record<string, unknown> | undefined
  readonly #request: ModelRequest
  readonly #calls = new Map<unknown, Call>()
  #id: string
  #hasStarted = false
  #toolCalls = 0

  constructor(request: ModelRequest) {
    this.#request = request
    this.#id = request.answerId
  }

  onEvent(event: unknown): readonly Chunk[] {
    if (this.isDone) return []
    if (!isObject(event)) throw nonsense('an event is no object', this.#request.model)
    const message = fieldOf(event.delta, 'message')
    switch (event.type) {
      case 'message-start':
        this.#id = textOf(event.id) || this.#id
        return []
      case 'content-start':
      case 'content-delta':
        return this.#onContent(first(fieldOf(message, 'content')), event.logprobs)
      case 'tool-plan-delta':
        return this.#saying('content', fieldOf(message, 'tool_plan'))
      case 'tool-call-start':
        return this.#startCall(event.index, first(fieldOf(message, 'tool_calls')))
      case 'tool-call-delta':
        return this.#arguing(event.index, first(fieldOf(message, 'tool_calls')))
      case 'tool-call-end':
        return this.#endCall(event.index)
      case 'citation-start':
        return this.#citing(fieldOf(message, 'citations'))
      case 'message-end':
        return this.#end(event.delta)
      default:
        return this.#other(event)
    }
  }

  /** An error in mid-stream has a message and no type. */
  #other(event: JsonObject): readonly Chunk[] {
    if (textOf(event.type) !== undefined) return []
    const error = textOf(event.message)
    if (error !== undefined) finishReasonOf({ reason: 'ERROR', error }, false, this.#request)
    throw nonsense('an event has no type', this.#request.model)
  }

  #onContent(content: unknown, logprobs: unknown): readonly Chunk[] {
    return [
      ...this.#saying('reasoning_content', fieldOf(content, 'thinking')),
      ...this.#saying('content', fieldOf(content, 'text'), logprobs),
    ]
  }

  #saying(field: string, value: unknown, logprobs?: unknown): readonly Chunk[] {
    const text = textIn(value, this.#request)
    if (text === '') return []
    const told = logprobsIn(isObject(logprobs) ? [logprobs] : logprobs)
    return [this.#speak({ [field]: text }, { ...(told && { logprobs: told }) })]
  }

  #startCall(index: unknown, call: unknown): readonly Chunk[] {
    const { id, name, written } = callIn(call, this.#toolCalls, this.#request)
    const isTaken = this.#toolCalls < mostCallsFor(this.#request)
    const place = isTaken ? this.#toolCalls++ : undefined
    this.#calls.set(index, { place, hasArguments: written !== '' })
    if (place === undefined) return []
    const made = { index: place, id, type: 'function', function: { name, arguments: written } }
    return [this.#speak({ tool_calls: [made] })]
  }

  #arguing(index: unknown, call: unknown): readonly Chunk[] {
    const known = this.#calls.get(index)
    if (known === undefined) throw nonsense('a tool call goes on unbegun', this.#request.model)
    const text = textIn(fieldOf(fieldOf(call, 'function'), 'arguments'), this.#request)
    return text === '' ? [] : this.#writing(known, text)
  }

  #writing(call: Call, text: string): readonly Chunk[] {
    call.hasArguments = true
    if (call.place === undefined) return []
    return [this.#speak({ tool_calls: [{ index: call.place, function: { arguments: text } }] })]
  }

  /** A call without arguments: an empty text would be no JSON. */
  #endCall(index: unknown): readonly Chunk[] {
    const call = this.#calls.get(index)
    this.#calls.delete(index)
    return call === undefined || call.hasArguments ? [] : this.#writing(call, '{}')
  }

  #citing(citations: unknown): readonly Chunk[] {
    const annotations = annotationsIn(citations)
    return annotations.length === 0 ? [] : [this.#speak({ annotations })]
  }

  #end(delta: unknown): readonly Chunk[] {
    const said = { reason: fieldOf(delta, 'finish_reason'), error: fieldOf(delta, 'error') }
    this.usage = usageOf(fieldOf(delta, 'usage'))
    const reason = finishReasonOf(said, this.#toolCalls > 0, this.#request)
    const rest = [...this.#calls.keys()].flatMap((index) => this.#endCall(index))
    const last = this.#speak(this.#hasStarted ? {} : { content: '' }, { finish_reason: reason })
    this.isDone = true
    return [...rest, last, ...(isUsageAsked(this.#request) ? [this.#chunk([], this.usage)] : [])]
  }

  #speak(delta: JsonObject, more: JsonObject = {}): Chunk {
    const role = this.#hasStarted ? {} : { role: 'assistant' }
    this.#hasStarted = true
    return this.#chunk([{ index: 0, delta: { ...role, ...delta }, finish_reason: null, ...more }])
  }

  #chunk(choices: readonly JsonObject[], usage?: unknown): Chunk {
    return chatChunk(this.#request, choices, { id: this.#id, usage })
  }
}

/** One thing where a list of one may stand for it. */
function first(value: unknown): unknown {
  return isList(value) ? value[0] : value
}
