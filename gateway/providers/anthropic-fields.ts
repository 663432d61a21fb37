import { invalid, isMoreThanOne, unsupported, type Unsayable } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Fields that a translation says in other words, or that say nothing to Anthropic. */
const spoken = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'stop',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'web_search_options',
  'response_format',
  'reasoning_effort',
  'thinking',
  'output_config',
  'system',
  'n',
  'best_of',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'modalities',
  'audio',
  'prediction',
  'store',
  'verbosity',
  'prompt_cache_key',
  'prompt_cache_retention',
])

const isTrue = (value: unknown): boolean => value !== false
const isNotNought = (value: unknown): boolean => value !== 0

/** What Anthropic has no words for. */
export const unsayableToAnthropic: readonly Unsayable[] = [
  { field: 'n', isAsked: isMoreThanOne, reason: 'Anthropic gives one answer a request.' },
  { field: 'seed', isAsked: () => true, reason: 'Anthropic has no seed.' },
  { field: 'presence_penalty', isAsked: isNotNought, reason: 'Anthropic has no penalties.' },
  { field: 'frequency_penalty', isAsked: isNotNought, reason: 'Anthropic has no penalties.' },
  {
    field: 'logit_bias',
    isAsked: (value) => !isObject(value) || Object.keys(value).length > 0,
    reason: 'Anthropic cannot bias single tokens.',
  },
  { field: 'logprobs', isAsked: isTrue, reason: 'Anthropic tells no log probabilities.' },
  { field: 'top_logprobs', isAsked: isNotNought, reason: 'Anthropic tells no log probabilities.' },
  { field: 'audio', isAsked: () => true, reason: 'Anthropic answers in text.' },
  {
    field: 'modalities',
    isAsked: (value) => !isList(value) || value.some((kind) => kind !== 'text'),
    reason: 'Anthropic answers in text.',
  },
  { field: 'prediction', isAsked: () => true, reason: 'Anthropic takes no prediction.' },
  { field: 'functions', isAsked: () => true, reason: 'use tools, which replaced functions.' },
  {
    field: 'function_call',
    isAsked: (value) => value !== 'none',
    reason: 'use tools, which replaced functions.',
  },
  {
    field: 'temperature',
    isAsked: (value) => typeof value === 'number' && value > 1,
    reason: 'Anthropic takes 0 to 1.',
  },
]

/** Fields this room has no opinion on: Anthropic's own (`top_k`, `container`, `speed`) and those yet to come. */
export function otherFields(fields: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !spoken.has(name)))
}

/** Temperature, stops, who asks, and how urgent it is. */
export function plainFields(fields: JsonObject, target: Target): JsonObject {
  return {
    ...temperatureOf(fields),
    ...stopsOf(fields, target),
    ...userOf(fields),
    ...tierOf(fields),
  }
}

/** The maximum a caller names. */
export function mostTokensIn(fields: JsonObject): number | undefined {
  const name = ['max_completion_tokens', 'max_tokens'].find((one) => isGiven(fields[one]))
  if (name === undefined) return undefined
  const most = fields[name]
  if (typeof most !== 'number' || !Number.isInteger(most))
    throw invalid(name, 'must be a whole number.')
  return most
}

// What is above can only come here where a deployment drops what cannot be said.
function temperatureOf({ temperature }: JsonObject): JsonObject {
  if (!isGiven(temperature)) return {}
  if (typeof temperature !== 'number') throw invalid('temperature', 'must be a number.')
  return { temperature: Math.min(temperature, 1) }
}

function stopsOf({ stop }: JsonObject, { params }: Target): JsonObject {
  if (!isGiven(stop)) return {}
  const stops: unknown = typeof stop === 'string' ? [stop] : stop
  if (!isList(stops)) throw invalid('stop', 'must be a text or a list of texts.')
  const texts = stops.map((text) => {
    if (typeof text !== 'string') throw invalid('stop', 'must be a text or a list of texts.')
    return text
  })
  // It refuses a stop of white space alone.
  const sayable = params.dropParams === true ? texts.filter((text) => text.trim() !== '') : texts
  return sayable.length === 0 ? {} : { stop_sequences: sayable }
}

/** An opaque id only: Anthropic asks for no addresses and telephone numbers. */
function userOf({ user, safety_identifier: identifier, metadata }: JsonObject): JsonObject {
  const own = isObject(metadata) ? textOf(metadata.user_id) : undefined
  const id = own ?? textOf(identifier) ?? textOf(user)
  if (id === undefined || id === '' || /@.+\.|^\+?[\d\s().-]{7,}$/.test(id)) return {}
  return { metadata: { user_id: id } }
}

const tiers: Readonly<Record<string, string>> = {
  auto: 'auto',
  priority: 'auto',
  default: 'standard_only',
  standard_only: 'standard_only',
}

function tierOf({ service_tier: asked }: JsonObject): JsonObject {
  if (!isGiven(asked)) return {}
  const tier = typeof asked === 'string' && Object.hasOwn(tiers, asked) && tiers[asked]
  if (tier) return { service_tier: tier }
  if (asked === 'flex' || asked === 'scale')
    throw unsupported('service_tier', 'Anthropic has auto and default.')
  throw invalid('service_tier', 'must be auto or default.')
}
