import { chatChunk, isUsageAsked, type Chunk } from './chat-chunk.ts'
import {
  blockIn,
  candidatesIn,
  extrasOf,
  finishReasonOf,
  indexOf,
  readParts,
} from './gemini-answers.ts'
import { annotationsOf, besidesOf } from './gemini-grounding.ts'
import { logprobsOf } from './gemini-logprobs.ts'
import { chatUsage, tokensIn } from './gemini-usage.ts'
import { readGoogle } from './google-errors.ts'
import type { ModelRequest, StreamTranslator } from './provider.ts'
import { isGiven, type JsonObject } from './read-json.ts'

/** What has been said in one choice. */
interface ChoiceState {
  hasStarted: boolean
  toolCalls: number
  isDone: boolean
  /** Kept for the pages behind it, which come last. */
  text: string
}

/** Chat chunks of OpenAI's from Gemini's events. Each event is an answer of its own, a piece long. */
export function createChatStream(request: ModelRequest): StreamTranslator {
  const choices = new Map<number, ChoiceState>()
  const { fields } = request
  const expected = typeof fields.n === 'number' && fields.n > 1 ? fields.n : 1
  const mostCalls = fields.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
  let usage: Record<string, unknown> | undefined
  let isDone = false

  function stateOf(index: number): ChoiceState {
    const known = choices.get(index)
    if (known) return known
    const state = { hasStarted: false, toolCalls: 0, isDone: false, text: '' }
    choices.set(index, state)
    return state
  }

  function speak(index: number, delta: JsonObject, more: JsonObject = {}): Chunk {
    const state = stateOf(index)
    const role = state.hasStarted ? {} : { role: 'assistant' }
    state.hasStarted = true
    return chatChunk(request, [
      { index, delta: { ...role, ...delta }, finish_reason: null, ...more },
    ])
  }

  function piecesOf(candidate: JsonObject, index: number): readonly Chunk[] {
    const state = stateOf(index)
    const first = state.toolCalls
    const said = readParts(candidate, { request, choice: index, first })
    const calls = said.calls
      .slice(0, Math.max(mostCalls - first, 0))
      .map((call, offset) => ({ index: first + offset, ...call }))
    state.toolCalls += calls.length
    state.text += said.text
    const annotations = annotationsOf(candidate, state.text)
    const extras = {
      ...(annotations.length > 0 && { annotations }),
      ...extrasOf(said, besidesOf(candidate), request),
    }
    const logprobs = logprobsOf(candidate)
    return [
      ...(said.thoughts === '' ? [] : [speak(index, { reasoning_content: said.thoughts })]),
      ...(said.text === '' && logprobs === null
        ? []
        : [speak(index, { content: said.text }, logprobs ? { logprobs } : {})]),
      ...(calls.length === 0 ? [] : [speak(index, { tool_calls: calls })]),
      ...(Object.keys(extras).length === 0 ? [] : [speak(index, extras)]),
    ]
  }

  function finish(index: number, reason: unknown): Chunk {
    const state = stateOf(index)
    state.isDone = true
    return speak(index, state.hasStarted ? {} : { content: '' }, {
      finish_reason: finishReasonOf(reason, state.toolCalls > 0),
    })
  }

  function candidateOf(candidate: JsonObject, position: number): readonly Chunk[] {
    const index = indexOf(candidate, position)
    if (stateOf(index).isDone) return []
    const pieces = piecesOf(candidate, index)
    if (!isGiven(candidate.finishReason)) return pieces
    return [...pieces, finish(index, candidate.finishReason)]
  }

  function blocked(feedback: JsonObject): readonly Chunk[] {
    stateOf(0).isDone = true
    isDone = true
    const told = { provider_specific_fields: { prompt_feedback: feedback } }
    const filtered = { index: 0, delta: {}, finish_reason: 'content_filter' }
    return [speak(0, told), chatChunk(request, [filtered])]
  }

  return {
    get isDone() {
      return isDone
    },
    get usage() {
      return usage
    },
    onEvent(event) {
      if (isDone) return []
      const said = readGoogle(event, request)
      const tokens = tokensIn(said)
      if (tokens) usage = chatUsage(tokens)
      const candidates = candidatesIn(said, request)
      const block = candidates.length === 0 ? blockIn(said) : undefined
      const pieces = block ? blocked(block) : candidates.flatMap(candidateOf)
      const finished = [...choices.values()].filter((choice) => choice.isDone).length
      isDone ||= finished > 0 && finished >= Math.max(expected, choices.size)
      return isDone && usage && isUsageAsked(request)
        ? [...pieces, chatChunk(request, [], { usage })]
        : pieces
    },
  }
}
