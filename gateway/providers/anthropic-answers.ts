import { isObject } from '../../modules/json-object.ts'
import { annotationsIn } from './anthropic-citations.ts'
import { isJsonAnswer } from './anthropic-json.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { mapUpstreamError } from './upstream-error.ts'

/** An answer or an event, as an object; what Anthropic reports as an error is thrown. */
export function readAnthropic(answer: unknown, request: ModelRequest): JsonObject {
  if (!isObject(answer)) throw nonsense('an object was expected', request.model)
  if (answer.type !== 'error' && !isGiven(answer.error)) return answer
  const type = isObject(answer.error) ? answer.error.type : undefined
  const status = typeof type === 'string' && Object.hasOwn(statuses, type) && statuses[type]
  throw mapUpstreamError({
    status: status || 500,
    headers: {},
    body: Buffer.from(JSON.stringify({ error: answer.error ?? answer })),
    model: request.model,
    provider: 'anthropic',
    nowMs: 0,
  })
}

// What it would have answered with, had it not begun with a 200.
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

/** The blocks of an answer, each an object. */
export function blocksIn(answer: JsonObject, request: ModelRequest): readonly JsonObject[] {
  if (!isList(answer.content)) throw nonsense("the list 'content' is missing", request.model)
  return answer.content.map((block) => {
    if (!isObject(block)) throw nonsense("a block of 'content' is no object", request.model)
    return block
  })
}

/** OpenAI's message from blocks. Blocks of tools that Anthropic runs itself have no place in it. */
export function messageIn(
  blocks: readonly JsonObject[],
  answer: JsonObject,
  request: ModelRequest,
): JsonObject {
  const text = blocks.map((block) => textOfBlock(block, request)).join('')
  const calls = blocks.filter(
    ({ type, name }) => type === 'tool_use' && !isJsonAnswer(name, request),
  )
  const thoughts = blocks.filter(({ type }) => type === 'thinking' || type === 'redacted_thinking')
  const thinking = thoughts.map((block) => textIn(block.thinking, request)).join('')
  const annotations = annotationsIn(blocks)
  const explained = isObject(answer.stop_details) ? textOf(answer.stop_details.explanation) : ''
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(explained && { refusal: explained }),
    ...(annotations.length > 0 && { annotations }),
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(thoughts.length > 0 && { thinking_blocks: thoughts }),
    ...(calls.length > 0 && { tool_calls: calls.map((block) => callOf(block, request)) }),
  }
}

function textOfBlock({ type, text, name, input }: JsonObject, request: ModelRequest): string {
  if (type === 'text') return textIn(text, request)
  return type === 'tool_use' && isJsonAnswer(name, request) ? JSON.stringify(input ?? {}) : ''
}

/** A text that may be absent. */
export function textIn(value: unknown, request: ModelRequest): string {
  if (!isGiven(value)) return ''
  if (typeof value === 'string') return value
  throw nonsense('a text was expected in a block', request.model)
}

function callOf(block: JsonObject, request: ModelRequest): JsonObject {
  const { id, name } = callHead(block, request)
  return {
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(block.input ?? {}) },
  }
}

/** Id and name of a `tool_use`. */
export function callHead({ id, name }: JsonObject, request: ModelRequest) {
  if (typeof id === 'string' && typeof name === 'string' && id !== '' && name !== '')
    return { id, name }
  throw nonsense('a tool call has no id or no name', request.model)
}

const reasons: Readonly<Record<string, string>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
}

/** OpenAI's `finish_reason` from Anthropic's `stop_reason`. */
export function finishReasonOf(stopReason: unknown, hasToolCalls: boolean): string {
  const known =
    typeof stopReason === 'string' && Object.hasOwn(reasons, stopReason) && reasons[stopReason]
  if (known) return known
  return hasToolCalls ? 'tool_calls' : 'stop'
}

/** OpenAI's `usage`, whose prompt holds what was read from the cache and written into it. */
export function usageOf(told: unknown): Record<string, unknown> {
  const usage = isObject(told) ? told : {}
  const read = countOf(usage.cache_read_input_tokens) ?? 0
  const written = countOf(usage.cache_creation_input_tokens) ?? 0
  const prompt = (countOf(usage.input_tokens) ?? 0) + read + written
  const completion = countOf(usage.output_tokens) ?? 0
  const details = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {}
  const thought = countOf(details.thinking_tokens)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: read,
      cache_creation_tokens: written,
    },
    ...(thought !== undefined && { completion_tokens_details: { reasoning_tokens: thought } }),
    // LiteLLM's names, which its users read.
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    ...(isObject(usage.cache_creation) && { cache_creation: usage.cache_creation }),
    ...(isObject(usage.server_tool_use) && { server_tool_use: usage.server_tool_use }),
    ...(isGiven(usage.service_tier) && { service_tier: usage.service_tier }),
  }
}
