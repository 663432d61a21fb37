import { chatChunk, isUsageAsked, type Chunk } from './chat-chunk.ts'
import { nonsense } from './dialect-limits.ts'
import { finishReasonOf, optionalText, readOllama, toolCallsIn, usageOf } from './ollama-answers.ts'
import { beginCall, callOf, forcedCallOf, type ForcedCall } from './ollama-forced-call.ts'
import type { ModelRequest, StreamTranslator } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, type JsonObject } from './read-json.ts'

interface StreamState {
  hasStarted: boolean
  toolCalls: number
  isDone: boolean
  usage: Record<string, number> | undefined
}

const longestCall = 1024 * 1024

/** Chat chunks of OpenAI's from Ollama's lines. */
export function createChatStream(request: ModelRequest): StreamTranslator {
  const state: StreamState = { hasStarted: false, toolCalls: 0, isDone: false, usage: undefined }
  const mostCalls = request.fields.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
  const forced = forcedCallOf(request.fields)
  let gathered = ''

  function speak(delta: JsonObject, finishReason: string | null = null): Chunk {
    const role = state.hasStarted ? {} : { role: 'assistant' }
    state.hasStarted = true
    return chatChunk(request, [
      { index: 0, delta: { ...role, ...delta }, finish_reason: finishReason },
    ])
  }

  function deltasOf(message: JsonObject): readonly Chunk[] {
    const thinking = optionalText(message.thinking, 'message.thinking', request)
    const content = optionalText(message.content, 'message.content', request)
    const first = state.toolCalls
    const calls = toolCallsIn(message, first, request)
      .slice(0, mostCalls - first)
      .map((call, offset) => ({ index: first + offset, ...call }))
    state.toolCalls += calls.length
    return [
      ...(thinking === '' ? [] : [speak({ reasoning_content: thinking })]),
      ...(content === '' ? [] : forced ? argue(forced, content) : [speak({ content })]),
      ...(calls.length === 0 ? [] : [speak({ tool_calls: calls })]),
    ]
  }

  /** A piece of the arguments of the call that was demanded. Which of several it is, its end tells. */
  function argue([callable, ...others]: ForcedCall, text: string): readonly Chunk[] {
    if (others.length > 0) {
      gathered += text
      if (gathered.length > longestCall) throw nonsense('a call has no end', request.model)
      return []
    }
    const isBegun = state.toolCalls > 0
    const piece = isBegun ? { function: { arguments: text } } : beginCall(callable, text, request)
    state.toolCalls = 1
    return [speak({ tool_calls: [{ index: 0, ...piece }] })]
  }

  function gatheredCall(): readonly Chunk[] {
    if (forced === undefined || gathered === '') return []
    const call = callOf(forced, gathered, request)
    if (call === undefined) return [speak({ content: gathered })]
    state.toolCalls = 1
    return [speak({ tool_calls: [{ index: 0, ...call }] })]
  }

  function end(event: JsonObject): readonly Chunk[] {
    state.isDone = true
    state.usage = usageOf(event)
    const call = gatheredCall()
    const last = speak(
      state.hasStarted ? {} : { content: '' },
      finishReasonOf(event, state.toolCalls > 0, forced),
    )
    const counted = isUsageAsked(request) ? [chatChunk(request, [], { usage: state.usage })] : []
    return [...call, last, ...counted]
  }

  return {
    get isDone() {
      return state.isDone
    },
    get usage() {
      return state.usage
    },
    onEvent(event) {
      if (state.isDone) return []
      const line = readOllama(event, request)
      if (isGiven(line.message) && !isObject(line.message))
        throw nonsense("'message' is not an object", request.model)
      if (!isObject(line.message) && line.done !== true)
        throw nonsense("'message' is missing", request.model)
      const deltas = isObject(line.message) ? deltasOf(line.message) : []
      return line.done === true ? [...deltas, ...end(line)] : deltas
    },
  }
}
