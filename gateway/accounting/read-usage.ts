import { fieldOf, isObject } from '../../modules/json-object.ts'
import { toNano } from './money.ts'
import type { Usage } from './usage.ts'

/**
 * Usage as OpenAI's dialect tells it, in chat, completions, embeddings, responses and image answers alike, as
 * Anthropic's messages do, or as a reranker bills it; undefined where the answer has none.
 */
export function readUsage(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage')
  if (!isObject(usage)) return readBilledUnits(answer)
  const input =
    usage['prompt_tokens_details'] ?? usage['input_tokens_details'] ?? usage['input_token_details']
  const output = usage['completion_tokens_details'] ?? usage['output_tokens_details']
  const cachedTokens = count(
    fieldOf(input, 'cached_tokens') ??
      usage['cache_read_input_tokens'] ??
      usage['prompt_cache_hit_tokens'] ??
      usage['cached_tokens'],
  )
  const cacheCreationTokens = count(
    usage['cache_creation_input_tokens'] ?? fieldOf(input, 'cache_creation_tokens'),
  )
  const promptTokens =
    count(usage['prompt_tokens']) ??
    withCache(count(usage['input_tokens']), usage, sum(cachedTokens, cacheCreationTokens))
  const completionTokens = count(usage['completion_tokens'] ?? usage['output_tokens'])
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(usage['total_tokens']) ?? sum(promptTokens, completionTokens),
    cachedTokens,
    reasoningTokens: count(fieldOf(output, 'reasoning_tokens')),
    cacheCreationTokens,
    cacheCreationHourTokens: count(fieldOf(usage['cache_creation'], 'ephemeral_1h_input_tokens')),
    promptAudioTokens: count(fieldOf(input, 'audio_tokens')),
    completionAudioTokens: count(fieldOf(output, 'audio_tokens')),
    promptImageTokens: count(fieldOf(input, 'image_tokens')),
    completionImageTokens: count(fieldOf(output, 'image_tokens')),
    audioSeconds: usage['type'] === 'duration' ? count(usage['seconds']) : undefined,
    webSearches: count(
      fieldOf(usage['server_tool_use'], 'web_search_requests') ?? usage['num_search_queries'],
    ),
    serviceTier: textOf(usage['service_tier'] ?? fieldOf(answer, 'service_tier')),
    answeredModel: textOf(fieldOf(answer, 'model')),
    toldNano: costIn(usage['cost']),
  }
}

/** Anthropic counts what comes from and goes to its cache beside `input_tokens`; the others within. */
function withCache(
  tokens: number | undefined,
  usage: Readonly<Record<string, unknown>>,
  cached: number | undefined,
): number | undefined {
  const isBeside = 'cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage
  return isBeside ? sum(tokens, cached) : tokens
}

function readBilledUnits(answer: unknown): Usage | undefined {
  const units = fieldOf(fieldOf(answer, 'meta'), 'billed_units')
  if (!isObject(units)) return undefined
  return { searchUnits: count(units['search_units']) }
}

/** US dollars that an upstream says it takes: as a number, or with its parts. */
function costIn(cost: unknown): number | undefined {
  const dollars = count(isObject(cost) ? cost['total_cost'] : cost)
  return dollars === undefined ? undefined : toNano(dollars)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Pictures in an image answer; the length of what a verbose transcript tells of. */
export function readMediaUsage(answer: Readonly<Record<string, unknown>>): Usage {
  const { data, text, duration } = answer
  const isPictures = Array.isArray(data) && data.some(isPicture)
  return {
    ...(isPictures && { images: data.length }),
    ...(typeof text === 'string' && duration !== undefined && { audioSeconds: count(duration) }),
  }
}

function isPicture(item: unknown): boolean {
  return isObject(item) && ('b64_json' in item || 'url' in item)
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
}
