import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isJsonAnswer } from './anthropic-json.ts'
import { failureIn } from './bedrock-errors.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isGiven, isList, type JsonObject } from './read-json.ts'

/** An answer or an event, as an object; what Bedrock reports as an exception is thrown. */
export function readBedrock(answer: unknown, request: ModelRequest): JsonObject {
  if (!isObject(answer)) throw nonsense('an object was expected', request.model)
  const failure = failureIn(answer, request)
  if (failure) throw failure
  return answer
}

/** The blocks of an answer, each an object. */
export function blocksIn({ output }: JsonObject, request: ModelRequest): readonly JsonObject[] {
  const message = isObject(output) ? output.message : undefined
  if (!isObject(message) || !isList(message.content))
    throw nonsense("the list 'output.message.content' is missing", request.model)
  return message.content.map((block) => {
    if (!isObject(block)) throw nonsense("a block of 'content' is no object", request.model)
    return block
  })
}

/** OpenAI's message from blocks. Kinds of blocks yet to come have no place in it. */
export function messageIn(blocks: readonly JsonObject[], request: ModelRequest): JsonObject {
  const text = blocks.map((block) => textOfBlock(block, request)).join('')
  const calls = blocks
    .map(({ toolUse }) => toolUse)
    .filter((use): use is JsonObject => isObject(use) && !isJsonAnswer(use.name, request))
    .slice(0, mostCallsFor(request))
  const thoughts = blocks.flatMap(({ reasoningContent: thought }) =>
    isObject(thought) ? thoughtIn(thought, request) : [],
  )
  const thinking = thoughts.map(({ thinking: said }) => textIn(said, request)).join('')
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(thoughts.length > 0 && { thinking_blocks: thoughts }),
    ...(calls.length > 0 && { tool_calls: calls.map((call) => callOf(call, request)) }),
  }
}

function textOfBlock(block: JsonObject, request: ModelRequest): string {
  const { text, toolUse, citationsContent: cited } = block
  if (isGiven(text)) return textIn(text, request)
  if (isObject(cited) && isList(cited.content))
    return cited.content
      .map((piece) => (isObject(piece) ? textIn(piece.text, request) : ''))
      .join('')
  if (!isObject(toolUse) || !isJsonAnswer(toolUse.name, request)) return ''
  return JSON.stringify(toolUse.input ?? {})
}

/** A thought in the form in which it can be sent back. */
function thoughtIn(thought: JsonObject, request: ModelRequest): readonly JsonObject[] {
  const { reasoningText: said, redactedContent: hidden } = thought
  if (isGiven(hidden)) return [{ type: 'redacted_thinking', data: textIn(hidden, request) }]
  if (!isObject(said)) return []
  const signature = textIn(said.signature, request)
  const thinking = textIn(said.text, request)
  return [{ type: 'thinking', thinking, ...(signature !== '' && { signature }) }]
}

/** A text that may be absent. */
export function textIn(value: unknown, request: ModelRequest): string {
  if (!isGiven(value)) return ''
  if (typeof value === 'string') return value
  throw nonsense('a text was expected in a block', request.model)
}

function callOf(use: JsonObject, request: ModelRequest): JsonObject {
  const { id, name } = callHead(use, request)
  const written = { name, arguments: JSON.stringify(use.input ?? {}) }
  return { id, type: 'function', function: written }
}

/** Id and name of a `toolUse`. */
export function callHead({ toolUseId: id, name }: JsonObject, request: ModelRequest) {
  if (typeof id === 'string' && typeof name === 'string' && id !== '' && name !== '')
    return { id, name }
  throw nonsense('a tool call has no id or no name', request.model)
}

/** How many calls the caller takes in one answer, which Bedrock cannot be told. */
export function mostCallsFor({ fields }: ModelRequest): number {
  return fields.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
}

const reasons: Readonly<Record<string, string>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
}

/** OpenAI's `finish_reason` from a `stopReason`. What is no end but a failure is thrown. */
export function finishReasonOf(
  stopReason: unknown,
  hasToolCalls: boolean,
  { model }: ModelRequest,
): string {
  const word = typeof stopReason === 'string' ? stopReason : ''
  if (word.startsWith('malformed_'))
    throw new GatewayError(
      'upstream_failed',
      `The server behind model '${model}' gave an answer that it cannot read itself (${word.slice(0, 40)}). Try again.`,
    )
  const known = Object.hasOwn(reasons, word) && reasons[word]
  if (known) return known
  return hasToolCalls ? 'tool_calls' : 'stop'
}

/** OpenAI's `usage`, whose prompt holds what was read from the cache and written into it. */
export function usageOf(told: JsonObject): Record<string, unknown> {
  const read = countOf(told.cacheReadInputTokens) ?? 0
  const written = countOf(told.cacheWriteInputTokens) ?? 0
  const prompt = (countOf(told.inputTokens) ?? 0) + read + written
  const completion = countOf(told.outputTokens) ?? 0
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, cache_creation_tokens: written },
    // LiteLLM's names, which its users read.
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    ...keptFor(told.cacheDetails),
  }
}

/** What was written for an hour costs more than what was for five minutes. */
function keptFor(details: unknown): JsonObject {
  if (!isList(details)) return {}
  const tokensFor = (ttl: string): number =>
    details.reduce<number>(
      (sum, one) => sum + (isObject(one) && one.ttl === ttl ? (countOf(one.inputTokens) ?? 0) : 0),
      0,
    )
  return {
    cache_creation: {
      ephemeral_5m_input_tokens: tokensFor('5m'),
      ephemeral_1h_input_tokens: tokensFor('1h'),
    },
  }
}
