import { fieldOf, isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { withoutSecrets } from './without-secrets.ts'

/** OpenAI's message from Cohere's. */
export function messageIn(said: JsonObject, request: ModelRequest): JsonObject {
  const { message } = said
  if (!isObject(message)) throw nonsense("'message' is missing", request.model)
  const parts = partsIn(message.content, request)
  const text = parts.map((part) => textIn(part.text, request)).join('')
  const thinking = parts.map((part) => textIn(part.thinking, request)).join('')
  const calls = callsIn(message, request)
  const plan = calls.length > 0 ? textIn(message.tool_plan, request) : ''
  const content = [plan, text].filter((one) => one !== '').join('\n')
  const annotations = annotationsIn(message.citations)
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(annotations.length > 0 && { annotations }),
  }
}

function partsIn(content: unknown, request: ModelRequest): readonly JsonObject[] {
  if (!isGiven(content)) return []
  if (!isList(content)) throw nonsense("'content' is no list", request.model)
  return content.map((part) => {
    if (!isObject(part)) throw nonsense("a part of 'content' is no object", request.model)
    return part
  })
}

/** A text that may be absent. */
export function textIn(value: unknown, request: ModelRequest): string {
  if (!isGiven(value)) return ''
  if (typeof value === 'string') return value
  throw nonsense('a text was expected', request.model)
}

function callsIn(message: JsonObject, request: ModelRequest): readonly JsonObject[] {
  if (!isGiven(message.tool_calls)) return []
  if (!isList(message.tool_calls)) throw nonsense("'tool_calls' is no list", request.model)
  const calls = message.tool_calls.map((call, index) => {
    const { id, name, written } = callIn(call, index, request)
    return { id, type: 'function', function: { name, arguments: written || '{}' } }
  })
  return calls.slice(0, mostCallsFor(request))
}

/** How many calls the caller takes in one answer, which Cohere cannot be told. */
export function mostCallsFor({ fields }: ModelRequest): number {
  return fields.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
}

export interface ReadCall {
  readonly id: string
  readonly name: string
  /** Its arguments, as far as they are there. */
  readonly written: string
}

/** A tool call; an id that Cohere does not give follows from the answer's. */
export function callIn(call: unknown, index: number, request: ModelRequest): ReadCall {
  const called = fieldOf(call, 'function')
  const name = fieldOf(called, 'name')
  if (typeof name !== 'string' || name === '')
    throw nonsense('a tool call has no name', request.model)
  const id =
    textOf(fieldOf(call, 'id')) || `call_${request.answerId.replace(/^chatcmpl-/, '')}_${index}`
  return { id, name, written: textIn(fieldOf(called, 'arguments'), request) }
}

/** OpenAI's annotations from citations: one for each source of each. */
export function annotationsIn(citations: unknown): readonly JsonObject[] {
  const list = isList(citations) ? citations : [citations]
  return list.filter(isObject).flatMap(({ start, end, sources }) => {
    const from = countOf(start)
    const to = countOf(end)
    if (from === undefined || to === undefined || !isList(sources)) return []
    return sources.filter(isObject).map((source) => ({
      type: 'url_citation',
      url_citation: { start_index: from, end_index: to, ...placeOf(source) },
    }))
  })
}

function placeOf(source: JsonObject): JsonObject {
  const document = isObject(source.document) ? source.document : source.tool_output
  const id = textOf(source.id) ?? ''
  return {
    title: textOf(fieldOf(document, 'title')) ?? id,
    url: textOf(fieldOf(document, 'url')) ?? `source:${id}`,
  }
}

const reasons: Readonly<Record<string, string>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  ERROR_LIMIT: 'length',
  TOOL_CALL: 'tool_calls',
  ERROR_TOXIC: 'content_filter',
}

/** OpenAI's `finish_reason`. What is no end but a failure is thrown. */
export function finishReasonOf(
  said: { readonly reason: unknown; readonly error?: unknown },
  hasToolCalls: boolean,
  request: ModelRequest,
): string {
  const { reason, error } = said
  if (reason === 'TIMEOUT')
    throw new GatewayError(
      'upstream_timeout',
      `The server behind model '${request.model}' gave up before its answer was whole. Try again, or ask for less.`,
    )
  if (reason === 'ERROR' || isGiven(error)) {
    const told = withoutSecrets(textOf(error) ?? '')
    throw new GatewayError(
      'upstream_failed',
      `The server behind model '${request.model}' failed${told === '' ? '' : `: ${told}`}. Try again.`,
    )
  }
  const known = typeof reason === 'string' && Object.hasOwn(reasons, reason) && reasons[reason]
  if (known && known !== 'stop') return known
  return hasToolCalls ? 'tool_calls' : 'stop'
}

/** OpenAI's `usage`: the tokens that are paid for, else those that were read and written. */
export function usageOf(told: unknown): Record<string, unknown> {
  const billed = fieldOf(told, 'billed_units')
  const all = fieldOf(told, 'tokens')
  const count = (name: string): number =>
    Math.round(amountOf(fieldOf(billed, name)) ?? amountOf(fieldOf(all, name)) ?? 0)
  const prompt = count('input_tokens')
  const completion = count('output_tokens')
  const cached = amountOf(fieldOf(told, 'cached_tokens'))
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    // It counts them among all that was read, of which some is free.
    ...(cached !== undefined && {
      prompt_tokens_details: { cached_tokens: Math.min(Math.round(cached), prompt) },
    }),
  }
}

// Its own schema has these as floats.
function amountOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** OpenAI's log probabilities; Cohere tells those of a piece of text token by token. */
export function logprobsIn(told: unknown): JsonObject | null {
  if (!isList(told)) return null
  const content = told.filter(isObject).flatMap(({ text, logprobs }) => {
    if (typeof text !== 'string' || !isList(logprobs)) return []
    const sum = logprobs.reduce<number>(
      (all, one) => all + (Number.isFinite(one) ? Number(one) : 0),
      0,
    )
    return [{ token: text, logprob: sum, bytes: [...Buffer.from(text)], top_logprobs: [] }]
  })
  return content.length === 0 ? null : { content, refusal: null }
}
