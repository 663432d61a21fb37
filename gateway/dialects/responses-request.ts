import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './refusals.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'
import { previousNotFound } from './responses-conversation.ts'
import { messagesOf } from './responses-messages.ts'
import { toolFieldsOf } from './responses-tools.ts'
import type { ChatModel } from './caller-dialect.ts'

/** Fields of the Responses API; what is none of them goes on as it is: a server's own, and the gateway's. */
const own = new Set([
  'access_programs',
  'background',
  'context_management',
  'conversation',
  'image',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'moderation',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream_options',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'truncation',
])

function givenFields(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)))
}

/** What needs OpenAI's own servers, and when it is asked for. */
const unsayable: readonly (readonly [string, (value: unknown) => boolean, string])[] = [
  ['background', (value) => value === true, 'answers are given at once.'],
  ['conversation', () => true, 'conversations are kept by OpenAI alone; send them in input.'],
  ['prompt', () => true, 'prompt templates are kept by OpenAI alone; send instructions and input.'],
  [
    'context_management',
    (value) => !isList(value) || value.length > 0,
    'only OpenAI shortens a conversation while it answers.',
  ],
  ['moderation', () => true, 'ask the moderations endpoint instead.'],
]

/** The chat request that asks what a request to `/v1/responses` asks. */
export function toChat(fields: Fields, options: ChatModel = {}): Record<string, unknown> {
  const given = givenFields(fields)
  refuse(given, options)
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !own.has(name)))
  const isStream = given.stream === true || given.stream === 'true'
  return {
    ...rest,
    messages: messagesOf(given, options),
    ...toolFieldsOf(given, options),
    ...textFieldsOf(given.text),
    ...reasoningOf(given.reasoning),
    ...likelihoodsOf(given),
    ...tierOf(given),
    ...(isGiven(given.max_output_tokens) && { max_tokens: given.max_output_tokens }),
    ...(isStream && { stream: true, stream_options: { include_usage: true } }),
  }
}

function refuse(fields: Fields, { dropsParams }: ChatModel): void {
  if (isGiven(fields.previous_response_id)) throw previousNotFound(fields.previous_response_id)
  for (const name of ['messages', 'n']) {
    if (isGiven(fields[name]))
      throw invalid(name, 'is not part of the Responses API; it has input, and one answer.')
  }
  if (dropsParams === true) return
  for (const [name, isAsked, reason] of unsayable) {
    if (isGiven(fields[name]) && isAsked(fields[name]))
      throw unsupported(name, `${reason} Leave it out, or set drop_params: true for the model.`)
  }
}

function textFieldsOf(text: unknown): Fields {
  if (!isGiven(text)) return {}
  if (!isObject(text)) throw invalid('text', 'must be an object.')
  const verbosity = textOf(text.verbosity)
  return {
    ...formatOf(text.format),
    // Medium is what every model does unasked.
    ...(verbosity !== undefined && verbosity !== 'medium' && { verbosity }),
  }
}

function formatOf(format: unknown): Fields {
  if (!isGiven(format)) return {}
  if (!isObject(format)) throw invalid('text.format', 'must be an object with a type.')
  if (format.type === 'text') return {}
  if (format.type === 'json_object') return { response_format: { type: 'json_object' } }
  if (format.type !== 'json_schema')
    throw invalid('text.format.type', 'must be text, json_object or json_schema.')
  const { type, ...schema } = givenFields(format)
  if (!isObject(schema.schema)) throw invalid('text.format.schema', 'must be a JSON schema.')
  return { response_format: { type, json_schema: { name: 'answer', ...schema } } }
}

function reasoningOf(reasoning: unknown): Fields {
  if (!isGiven(reasoning)) return {}
  if (!isObject(reasoning)) throw invalid('reasoning', 'must be an object.')
  return isGiven(reasoning.effort) ? { reasoning_effort: reasoning.effort } : {}
}

function likelihoodsOf({ include, top_logprobs: top }: Fields): Fields {
  if (isGiven(include) && !isList(include)) throw invalid('include', 'must be a list.')
  const isAsked = isList(include) && include.includes('message.output_text.logprobs')
  if (!isAsked && (!isGiven(top) || top === 0)) return {}
  return { logprobs: true, ...(isGiven(top) && { top_logprobs: top }) }
}

function tierOf({ service_tier: tier }: Fields): Fields {
  return isGiven(tier) && tier !== 'auto' && tier !== 'default' ? { service_tier: tier } : {}
}
