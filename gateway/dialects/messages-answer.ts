import { isObject } from '../../modules/json-object.ts'
import type { CallerRequest } from './caller-dialect.ts'
import { countOf, isGiven, textOf, type Fields } from './read-fields.ts'
import { nonsense } from './refusals.ts'

/** Anthropic's message from OpenAI's chat answer. */
export function toAnswer(chatAnswer: unknown, asked: CallerRequest): Record<string, unknown> {
  const { choices, usage } = isObject(chatAnswer) ? chatAnswer : {}
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  if (!isObject(choice) || !isObject(choice.message))
    throw nonsense('it has no message', asked.model)
  const { message } = choice
  const calls = callsIn(message.tool_calls, asked)
  const content = [...thoughtsIn(message), ...textsIn(message), ...calls]
  return {
    ...emptyMessage(asked),
    content: content.length > 0 ? content : [{ type: 'text', text: '' }],
    ...stopOf(choice, { hasCalls: calls.length > 0, isRefused: Boolean(message.refusal) }, asked),
    usage: usageOf(usage),
  }
}

/** A message before anything is said. */
export function emptyMessage({ answerId, model }: CallerRequest): Record<string, unknown> {
  return {
    id: answerId,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: usageOf(undefined),
  }
}

function thoughtsIn(message: Fields): readonly Fields[] {
  const { thinking_blocks: blocks } = message
  if (Array.isArray(blocks) && blocks.length > 0) return blocks.filter(isObject)
  const thinking = textOf(message.reasoning_content) || textOf(message.reasoning)
  return thinking ? [{ type: 'thinking', thinking, signature: '' }] : []
}

function textsIn({ content, refusal }: Fields): readonly Fields[] {
  const text = Array.isArray(content) ? content.map(textOfPart).join('') : textOf(content)
  const said = text || textOf(refusal)
  return said ? [{ type: 'text', text: said }] : []
}

function textOfPart(part: unknown): string {
  return (isObject(part) ? textOf(part.text) : undefined) ?? ''
}

function callsIn(calls: unknown, asked: CallerRequest): readonly Fields[] {
  if (!isGiven(calls)) return []
  if (!Array.isArray(calls)) throw nonsense("'tool_calls' is no list", asked.model)
  return calls.map((call: unknown, index) => {
    const called = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(called?.name)
    if (!isObject(call) || !name) throw nonsense('a tool call has no name', asked.model)
    const input = inputOf(called?.arguments)
    if (!input) throw nonsense('the arguments of a tool call are no JSON object', asked.model)
    return { type: 'tool_use', id: textOf(call.id) || callIdOf(asked, index), name, input }
  })
}

/** An id for a call whose server gives none. */
export function callIdOf({ answerId }: CallerRequest, index: number): string {
  return `toolu_${answerId.replace(/^msg_/, '')}_${index}`
}

function inputOf(written: unknown): Fields | undefined {
  if (!isGiven(written) || written === '') return {}
  const value = typeof written === 'string' ? parsed(written) : written
  return isObject(value) ? value : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Said {
  readonly hasCalls: boolean
  readonly isRefused: boolean
}

/** Why it stopped, from a choice that has finished. */
export function stopOf(choice: Fields, { hasCalls, isRefused }: Said, asked: CallerRequest) {
  const sequence = stopSequenceOf(choice, asked)
  if (choice.finish_reason === 'length') return stop('max_tokens')
  if (choice.finish_reason === 'content_filter' || isRefused) return stop('refusal')
  if (hasCalls) return stop('tool_use')
  return sequence === null ? stop('end_turn') : stop('stop_sequence', sequence)
}

function stop(reason: string, sequence: string | null = null) {
  return { stop_reason: reason, stop_sequence: sequence }
}

// OpenAI does not say which; vLLM and SGLang do.
function stopSequenceOf(choice: Fields, { fields }: CallerRequest): string | null {
  const said = textOf(choice.stop_reason) ?? textOf(choice.matched_stop)
  const stops = fields.stop_sequences
  return said !== undefined && Array.isArray(stops) && stops.includes(said) ? said : null
}

/** Anthropic counts what its cache read and wrote beside `input_tokens`, OpenAI within. */
export function usageOf(told: unknown): Record<string, unknown> {
  const usage = isObject(told) ? told : {}
  const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {}
  const read = countOf(details.cached_tokens ?? usage.prompt_cache_hit_tokens)
  const written = countOf(details.cache_creation_tokens ?? usage.cache_creation_input_tokens)
  return {
    input_tokens: Math.max(0, countOf(usage.prompt_tokens) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: countOf(usage.completion_tokens),
    ...thoughtsOf(usage.completion_tokens_details),
  }
}

function thoughtsOf(details: unknown): Fields {
  const tokens = isObject(details) ? countOf(details.reasoning_tokens) : 0
  return tokens > 0 ? { output_tokens_details: { thinking_tokens: tokens } } : {}
}
