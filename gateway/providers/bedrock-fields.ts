import { isObject } from '../../modules/json-object.ts'
import { isClaude, isNova } from './bedrock-models.ts'
import { invalid, isMoreThanOne, unsupported, type Unsayable } from './dialect-limits.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Converse's own words beside a prompt, which pass as they are. */
const ownWords = [
  'guardrailConfig',
  'performanceConfig',
  'requestMetadata',
  'promptVariables',
  'additionalModelResponseFieldPaths',
  'outputConfig',
] as const

/** Fields that a translation says in other words, or that say nothing to Bedrock. */
const spoken = new Set<string>([
  ...ownWords,
  'serviceTier',
  'inferenceConfig',
  'additionalModelRequestFields',
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
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

/** What Converse has no words for. */
export const unsayableToBedrock: readonly Unsayable[] = [
  { field: 'n', isAsked: isMoreThanOne, reason: 'Bedrock gives one answer a request.' },
  { field: 'seed', isAsked: () => true, reason: 'Bedrock has no seed.' },
  { field: 'presence_penalty', isAsked: isNotNought, reason: 'Bedrock has no penalties.' },
  { field: 'frequency_penalty', isAsked: isNotNought, reason: 'Bedrock has no penalties.' },
  {
    field: 'logit_bias',
    isAsked: (value) => !isObject(value) || Object.keys(value).length > 0,
    reason: 'Bedrock cannot bias single tokens.',
  },
  { field: 'logprobs', isAsked: isTrue, reason: 'Bedrock tells no log probabilities.' },
  { field: 'top_logprobs', isAsked: isNotNought, reason: 'Bedrock tells no log probabilities.' },
  { field: 'audio', isAsked: () => true, reason: 'Bedrock answers in text here.' },
  {
    field: 'modalities',
    isAsked: (value) => !isList(value) || value.some((kind) => kind !== 'text'),
    reason: 'Bedrock answers in text here.',
  },
  { field: 'prediction', isAsked: () => true, reason: 'Bedrock takes no prediction.' },
  { field: 'functions', isAsked: () => true, reason: 'use tools, which replaced functions.' },
  {
    field: 'function_call',
    isAsked: (value) => value !== 'none',
    reason: 'use tools, which replaced functions.',
  },
  {
    field: 'temperature',
    isAsked: (value) => typeof value === 'number' && value > 1,
    reason: 'Bedrock takes 0 to 1.',
  },
]

/** Converse's own words of a request, and its tier. */
export function ownFields(fields: JsonObject): JsonObject {
  return {
    ...Object.fromEntries(
      ownWords.flatMap((word) => (isGiven(fields[word]) ? [[word, fields[word]]] : [])),
    ),
    ...tierOf(fields),
  }
}

const tiers: Readonly<Record<string, string>> = {
  auto: 'default',
  default: 'default',
  priority: 'priority',
  flex: 'flex',
  reserved: 'reserved',
}

function tierOf({ serviceTier: own, service_tier: asked }: JsonObject): JsonObject {
  if (isGiven(own)) return { serviceTier: own }
  // What is so anyway needs no word, which older models refuse.
  if (!isGiven(asked) || asked === 'auto' || asked === 'default') return {}
  const type = typeof asked === 'string' && Object.hasOwn(tiers, asked) && tiers[asked]
  if (type) return { serviceTier: { type } }
  throw invalid('service_tier', 'must be auto, default, priority, flex or reserved.')
}

/** Fields this room has no opinion on, a model's own for instance, and those that only some models have. */
export function modelFields(fields: JsonObject, family: string): JsonObject {
  const own = fields.additionalModelRequestFields
  if (isGiven(own) && !isObject(own))
    throw invalid('additionalModelRequestFields', 'must be an object.')
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  return {
    ...Object.fromEntries(others),
    ...topKOf(fields, family),
    ...(isClaude(family) ? {} : effortOf(fields, family)),
    ...(isObject(own) && own),
  }
}

function topKOf({ top_k: k }: JsonObject, family: string): JsonObject {
  if (!isGiven(k)) return {}
  return isNova(family) ? { inferenceConfig: { topK: k } } : { top_k: k }
}

const efforts: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}

/** A wish to think for models other than Claude, as far as they have a word for it. */
function effortOf({ reasoning_effort: asked, thinking }: JsonObject, family: string): JsonObject {
  if (isGiven(thinking)) return { thinking }
  if (!isGiven(asked)) return {}
  const word = textOf(asked) ?? ''
  const effort = Object.hasOwn(efforts, word) ? efforts[word] : undefined
  if (effort === undefined && word !== 'none')
    throw invalid('reasoning_effort', `must be none, ${Object.keys(efforts).join(', ')}.`)
  if (/gpt-oss/i.test(family)) return effort === undefined ? {} : { reasoning_effort: effort }
  if (!/nova-2/i.test(family)) return {}
  if (effort === undefined) return { reasoningConfig: { type: 'disabled' } }
  return { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort } }
}

/** Length, sampling and stops. */
export function inferenceOf(
  fields: JsonObject,
  target: Target,
  mostTokens: number | undefined,
): JsonObject {
  const own = fields.inferenceConfig
  if (isGiven(own) && !isObject(own)) throw invalid('inferenceConfig', 'must be an object.')
  return {
    ...(mostTokens !== undefined && { maxTokens: mostTokens }),
    ...(isGiven(fields.temperature) && {
      temperature: Math.min(numberIn(fields, 'temperature'), 1),
    }),
    ...(isGiven(fields.top_p) && { topP: numberIn(fields, 'top_p') }),
    ...stopsOf(fields, target),
    ...(isObject(own) && own),
  }
}

/** The maximum a caller names. */
export function mostTokensIn(fields: JsonObject): number | undefined {
  const name = ['max_completion_tokens', 'max_tokens'].find((one) => isGiven(fields[one]))
  if (name === undefined) return undefined
  const most = numberIn(fields, name)
  if (!Number.isInteger(most)) throw invalid(name, 'must be a whole number.')
  return most
}

function numberIn(fields: JsonObject, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number') throw invalid(name, 'must be a number.')
  return value
}

function stopsOf({ stop }: JsonObject, { params }: Target): JsonObject {
  if (!isGiven(stop)) return {}
  const stops: unknown = typeof stop === 'string' ? [stop] : stop
  if (!isList(stops)) throw invalid('stop', 'must be a text or a list of texts.')
  const texts = stops.map((text) => {
    if (typeof text !== 'string') throw invalid('stop', 'must be a text or a list of texts.')
    return text
  })
  // Empty ones stop nothing; those of white space alone are refused by some models.
  const isSayable = (text: string): boolean =>
    params.dropParams === true ? text.trim() !== '' : text !== ''
  const sayable = texts.filter(isSayable)
  return sayable.length === 0 ? {} : { stopSequences: sayable }
}

/** The refusal of a search of the web by models that have none. */
export function refuseSearch({ params }: Target): void {
  if (params.dropParams === true) return
  throw unsupported('web_search_options', 'this model does not search the web.')
}
