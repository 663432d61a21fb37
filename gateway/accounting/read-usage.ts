import { fieldOf, isObject } from '../../modules/json-object.ts'
import type { Usage } from './usage.ts'

/**
 * Usage as OpenAI's dialect tells it, in chat, completions, embeddings, responses and image answers alike;
 * undefined where the answer has none.
 */
export function readUsage(answer: unknown): Usage | undefined {
  const usage = fieldOf(answer, 'usage')
  if (!isObject(usage)) return undefined
  const promptTokens = count(usage['prompt_tokens'] ?? usage['input_tokens'])
  const completionTokens = count(usage['completion_tokens'] ?? usage['output_tokens'])
  const promptDetails = usage['prompt_tokens_details'] ?? usage['input_tokens_details']
  const completionDetails = usage['completion_tokens_details'] ?? usage['output_tokens_details']
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(usage['total_tokens']) ?? sum(promptTokens, completionTokens),
    cachedTokens: count(fieldOf(promptDetails, 'cached_tokens')),
    reasoningTokens: count(fieldOf(completionDetails, 'reasoning_tokens')),
    audioSeconds: usage['type'] === 'duration' ? count(usage['seconds']) : undefined,
  }
}

/** Pictures in an image answer; the length of what a verbose transcript tells of. */
export function readMediaUsage(answer: Readonly<Record<string, unknown>>): Usage {
  const { data, text, duration } = answer
  const isPictures = Array.isArray(data) && data.some(isPicture)
  return {
    ...(isPictures && { images: data.length }),
    ...(typeof text === 'string' && { audioSeconds: count(duration) }),
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
