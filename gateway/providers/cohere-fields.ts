import { invalid, isMoreThanOne, unsupported, type Unsayable } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Fields that a translation says in other words, or that say nothing to Cohere. */
const spoken = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'top_p',
  'top_k',
  'stop',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'n',
  'best_of',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'response_format',
  'reasoning_effort',
  'thinking',
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prediction',
  'modalities',
  'audio',
  'verbosity',
  'web_search_options',
])

const isOutside = (value: unknown): boolean =>
  typeof value !== 'number' || !(value >= 0 && value <= 1)

/** What Cohere has no words for. */
export const unsayableToCohere: readonly Unsayable[] = [
  { field: 'n', isAsked: isMoreThanOne, reason: 'Cohere gives one answer a request.' },
  {
    field: 'logit_bias',
    isAsked: (value) => !isObject(value) || Object.keys(value).length > 0,
    reason: 'Cohere cannot bias single tokens.',
  },
  {
    field: 'top_logprobs',
    isAsked: (value) => value !== 0,
    reason: 'Cohere tells of the tokens it chose, with logprobs: true.',
  },
  { field: 'frequency_penalty', isAsked: isOutside, reason: 'Cohere takes 0 to 1.' },
  { field: 'presence_penalty', isAsked: isOutside, reason: 'Cohere takes 0 to 1.' },
  { field: 'audio', isAsked: () => true, reason: 'Cohere answers in text.' },
  {
    field: 'modalities',
    isAsked: (value) => !isList(value) || value.some((kind) => kind !== 'text'),
    reason: 'Cohere answers in text.',
  },
  { field: 'prediction', isAsked: () => true, reason: 'Cohere takes no prediction.' },
  { field: 'web_search_options', isAsked: () => true, reason: 'Cohere does not search the web.' },
  { field: 'functions', isAsked: () => true, reason: 'use tools, which replaced functions.' },
  {
    field: 'function_call',
    isAsked: (value) => value !== 'none',
    reason: 'use tools, which replaced functions.',
  },
]

/** Fields this room has no opinion on: Cohere's own (`documents`, `safety_mode`, `k`) and those yet to come. */
export function otherFields(fields: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !spoken.has(name)))
}

/** Sampling, length, stops and what else Cohere has another name or other bounds for. */
export function plainFields(fields: JsonObject): JsonObject {
  const most = ['max_completion_tokens', 'max_tokens'].find((name) => isGiven(fields[name]))
  return {
    ...(most !== undefined && { max_tokens: numberIn(fields, most) }),
    ...(isGiven(fields.top_p) && { p: within(numberIn(fields, 'top_p')) }),
    ...(isGiven(fields.top_k) && { k: numberIn(fields, 'top_k') }),
    ...penalty('frequency_penalty', fields),
    ...penalty('presence_penalty', fields),
    ...(isGiven(fields.stop) && { stop_sequences: stopsIn(fields.stop) }),
    ...(fields.logprobs === true && { logprobs: true }),
  }
}

// It refuses the ends, which OpenAI's clients often name though they mean the default.
function within(share: number): number {
  return Math.min(Math.max(share, 0.01), 0.99)
}

/** What is outside can only come here where a deployment drops what cannot be said. */
function penalty(name: string, fields: JsonObject): JsonObject {
  return isGiven(fields[name]) && !isOutside(fields[name]) ? { [name]: fields[name] } : {}
}

function numberIn(fields: JsonObject, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number') throw invalid(name, 'must be a number.')
  return value
}

function stopsIn(stop: unknown): readonly string[] {
  const stops = typeof stop === 'string' ? [stop] : stop
  if (!isList(stops)) throw invalid('stop', 'must be a text or a list of texts.')
  return stops.map((text) => {
    if (typeof text !== 'string') throw invalid('stop', 'must be a text or a list of texts.')
    return text
  })
}

/** Cohere's `response_format`; nothing where plain text is asked. */
export function formatOf({ response_format: asked }: JsonObject, target: Target): JsonObject {
  if (!isGiven(asked)) return {}
  if (!isObject(asked)) throw invalid('response_format', 'must be an object with a type.')
  if (asked.type === 'text') return {}
  if (asked.type === 'json_object') return { response_format: asked }
  if (asked.type === 'json_schema') {
    const schema = isObject(asked.json_schema) ? asked.json_schema.schema : undefined
    if (!isObject(schema))
      throw invalid('response_format.json_schema.schema', 'must be a JSON schema.')
    return { response_format: { type: 'json_object', json_schema: schema } }
  }
  if (target.params.dropParams === true) return {}
  throw unsupported('response_format', 'it knows the types text, json_object and json_schema.')
}

const budgets: Readonly<Record<string, number | undefined>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 2_048,
  high: undefined,
  xhigh: undefined,
}

/** Cohere's `thinking`: its own word or Anthropic's first, else from `reasoning_effort`. */
export function thinkingOf(fields: JsonObject): JsonObject {
  if (isGiven(fields.thinking)) return { thinking: asWritten(fields.thinking) }
  if (!isGiven(fields.reasoning_effort)) return {}
  const effort = textOf(fields.reasoning_effort) ?? ''
  if (effort === 'none') return { thinking: { type: 'disabled' } }
  if (!Object.hasOwn(budgets, effort))
    throw invalid('reasoning_effort', `must be none, ${Object.keys(budgets).join(', ')}.`)
  const budget = budgets[effort]
  return {
    thinking: { type: 'enabled', ...(budget !== undefined && { token_budget: budget }) },
  }
}

function asWritten(thinking: unknown): JsonObject {
  if (!isObject(thinking)) throw invalid('thinking', 'must be an object with a type.')
  const { budget_tokens: budget, ...rest } = thinking
  return isGiven(budget) && thinking.type === 'enabled' ? { token_budget: budget, ...rest } : rest
}
