import { isObject } from '../../modules/json-object.ts'
import { invalid, isMoreThanOne, unsupported, type Unsayable } from './dialect-limits.ts'
import { traitsOf } from './gemini-models.ts'
import { geminiSchema } from './gemini-schema.ts'
import { thinkingOf } from './gemini-thinking.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

const isEveryValue = (): boolean => true
const hasEntries = (value: unknown): boolean => !isObject(value) || Object.keys(value).length > 0
const useTools = 'use tools, which replaced functions.'

/** What Gemini has no words for in a chat. */
export const unsayableToGemini: readonly Unsayable[] = [
  { field: 'logit_bias', isAsked: hasEntries, reason: 'Gemini cannot bias single tokens.' },
  { field: 'functions', isAsked: isEveryValue, reason: useTools },
  { field: 'function_call', isAsked: (value) => value !== 'none', reason: useTools },
  { field: 'prediction', isAsked: isEveryValue, reason: 'Gemini takes no predicted answer.' },
  { field: 'best_of', isAsked: isMoreThanOne, reason: 'Gemini does not choose among answers.' },
  { field: 'echo', isAsked: (value) => value !== false, reason: 'Gemini repeats no prompt.' },
]

/** OpenAI's words for sampling, each with Gemini's; the first given one of two wins. */
const numbers: readonly (readonly [string, string])[] = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['max_completion_tokens', 'maxOutputTokens'],
  ['max_tokens', 'maxOutputTokens'],
  ['n', 'candidateCount'],
  ['seed', 'seed'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
]

/** Gemini's own words of `generationConfig`, which a caller may say beside OpenAI's. */
const ownWords = [
  'topK',
  'topP',
  'candidateCount',
  'maxOutputTokens',
  'stopSequences',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'responseModalities',
  'responseLogprobs',
  'thinkingConfig',
  'speechConfig',
  'imageConfig',
  'mediaResolution',
  'audioTimestamp',
  'enableEnhancedCivicAnswers',
  'routingConfig',
  'modelSelectionConfig',
]

/** `safety_settings` and the like: as Python's clients write what JSON has in camel case. */
const renamed: readonly (readonly [string, string])[] = [
  ['safety_settings', 'safetySettings'],
  ['cached_content', 'cachedContent'],
]

/** Fields that a translation says otherwise, or that are hints which say nothing to Gemini. */
const spoken = new Set([
  ...numbers.map(([from]) => from),
  ...renamed.map(([from]) => from),
  ...unsayableToGemini.map(({ field }) => field),
  ...ownWords,
  'generationConfig',
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'toolConfig',
  'parallel_tool_calls',
  'web_search_options',
  'stop',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'reasoning',
  'thinking',
  'modalities',
  'audio',
  'user',
  'metadata',
  'store',
  'service_tier',
  'verbosity',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

/** `generationConfig` from OpenAI's fields; Gemini's own words go before them. */
export function generationOf(fields: JsonObject, target: Target): JsonObject {
  const own = fields.generationConfig
  if (isGiven(own) && !isObject(own)) throw invalid('generationConfig', 'must be an object.')
  const thinkingConfig = thinkingOf(fields, target)
  return {
    ...numbersOf(fields),
    ...stopsOf(fields.stop),
    ...likelihoodsOf(fields),
    ...formatOf(fields, target),
    ...modalitiesOf(fields, target),
    ...(thinkingConfig && { thinkingConfig }),
    ...Object.fromEntries(ownWords.flatMap((k) => (isGiven(fields[k]) ? [[k, fields[k]]] : []))),
    ...(isObject(own) && own),
  }
}

/** Fields this room has no opinion on, `safetySettings` and `labels` for instance, and those yet to come. */
export function otherFields(fields: JsonObject): JsonObject {
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  const words = renamed.flatMap(([from, to]) => (isGiven(fields[from]) ? [[to, fields[from]]] : []))
  return { ...Object.fromEntries(words), ...Object.fromEntries(others) }
}

function numbersOf(fields: JsonObject): JsonObject {
  const said: Record<string, number> = {}
  for (const [from, to] of numbers) {
    const value = fields[from]
    if (!isGiven(value) || said[to] !== undefined) continue
    if (typeof value !== 'number') throw invalid(from, 'must be a number.')
    if (from !== 'n' || value !== 1) said[to] = value
  }
  return said
}

function stopsOf(stop: unknown): JsonObject {
  if (!isGiven(stop)) return {}
  const stops = typeof stop === 'string' ? [stop] : stop
  if (!isList(stops) || !stops.every((text) => typeof text === 'string'))
    throw invalid('stop', 'must be a text or a list of texts.')
  return stops.length > 0 ? { stopSequences: stops } : {}
}

function likelihoodsOf({ logprobs, top_logprobs: top }: JsonObject): JsonObject {
  if (isGiven(logprobs) && typeof logprobs !== 'boolean')
    throw invalid('logprobs', 'must be true or false.')
  if (logprobs !== true) return {}
  if (isGiven(top) && typeof top !== 'number') throw invalid('top_logprobs', 'must be a number.')
  return { responseLogprobs: true, ...(isGiven(top) && { logprobs: top }) }
}

const json = 'application/json'

function formatOf({ response_format: asked }: JsonObject, target: Target): JsonObject {
  if (!isGiven(asked)) return {}
  if (!isObject(asked)) throw invalid('response_format', 'must be an object with a type.')
  if (asked.type === 'text') return {}
  if (asked.type === 'json_object')
    return { responseMimeType: json, ...schemaFields(asked.response_schema, target, asked) }
  if (asked.type === 'json_schema') {
    const described = isObject(asked.json_schema) ? asked.json_schema.schema : undefined
    if (!isObject(described))
      throw invalid('response_format.json_schema.schema', 'must be a JSON schema.')
    return { responseMimeType: json, ...schemaFields(described, target, asked) }
  }
  if (target.params.dropParams === true) return {}
  throw unsupported('response_format', 'it knows the types text, json_object and json_schema.')
}

function schemaFields(schema: unknown, { model }: Target, asked: JsonObject): JsonObject {
  if (!isGiven(schema)) return {}
  if (!isObject(schema)) throw invalid('response_format.response_schema', 'must be a JSON schema.')
  if (traitsOf(model).takesJsonSchema && asked.type === 'json_schema') {
    const { $schema: _, ...rest } = schema
    return { responseJsonSchema: rest }
  }
  const responseSchema = geminiSchema(schema, 'response_format')
  return responseSchema ? { responseSchema } : {}
}

function modalitiesOf({ modalities, audio }: JsonObject, target: Target): JsonObject {
  const wantsSound = isList(modalities) && modalities.includes('audio')
  if (wantsSound && isObject(audio) && isGiven(audio.format) && audio.format !== 'pcm16') {
    if (target.params.dropParams !== true)
      throw unsupported('audio.format', 'its sound comes as pcm16.')
  }
  if (!isGiven(modalities)) return {}
  if (!isList(modalities) || !modalities.every((kind) => typeof kind === 'string'))
    throw invalid('modalities', 'must be a list such as ["text", "image"].')
  const isPlain = modalities.every((kind) => kind === 'text')
  const voiceName = isObject(audio) ? textOf(audio.voice) : undefined
  // A model that speaks gives sound alone; what it says comes as no second answer.
  const asked = wantsSound ? ['audio'] : modalities
  return {
    ...(!isPlain && { responseModalities: asked.map((kind) => kind.toUpperCase()) }),
    ...(voiceName !== undefined && {
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName } } },
    }),
  }
}
