import { isObject } from '../../modules/json-object.ts'
import { countOf, isList, textOf, type JsonObject } from './read-json.ts'

/** Tokens as Gemini counts them, those of its thoughts with those of the answer. */
export interface GeminiTokens {
  readonly prompt: number
  readonly completion: number
  readonly total: number
  readonly cached: number
  readonly thoughts: number
  /** Of the prompt and of the answer, by kind: `text`, `image`, `audio`, `video`, `document`. */
  readonly promptKinds: Readonly<Record<string, number>>
  readonly completionKinds: Readonly<Record<string, number>>
}

/** What `usageMetadata` tells; undefined where there is none. */
export function tokensIn(answer: JsonObject): GeminiTokens | undefined {
  const told = answer.usageMetadata
  if (!isObject(told)) return undefined
  const count = (key: string): number => countOf(told[key]) ?? 0
  const prompt = count('promptTokenCount') + count('toolUsePromptTokenCount')
  const thoughts = count('thoughtsTokenCount')
  const answered = count('candidatesTokenCount')
  const total = countOf(told['totalTokenCount'])
  // Some models count their thoughts among the answer's tokens; then the sum tells.
  const isWithThoughts = total !== undefined && prompt + answered === total
  const completion = isWithThoughts ? answered : answered + thoughts
  return {
    prompt,
    completion,
    total: total ?? prompt + completion,
    cached: count('cachedContentTokenCount'),
    thoughts,
    promptKinds: kindsIn(told['promptTokensDetails']),
    completionKinds: kindsIn(told['candidatesTokensDetails']),
  }
}

/** OpenAI's `usage` of a chat. */
export function chatUsage(tokens: GeminiTokens): Record<string, unknown> {
  const { prompt, completion, total, cached, thoughts, promptKinds, completionKinds } = tokens
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: total,
    prompt_tokens_details: { cached_tokens: cached, ...named(promptKinds) },
    completion_tokens_details: { reasoning_tokens: thoughts, ...named(completionKinds) },
  }
}

/** OpenAI's `usage` of pictures. */
export function pictureUsage({ prompt, completion, total, promptKinds }: GeminiTokens): JsonObject {
  return {
    input_tokens: prompt,
    output_tokens: completion,
    total_tokens: total,
    input_tokens_details: {
      text_tokens: promptKinds['text'] ?? 0,
      image_tokens: promptKinds['image'] ?? 0,
    },
  }
}

const known = new Set(['text', 'image', 'audio', 'video', 'document'])

function kindsIn(details: unknown): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const detail of isList(details) ? details.slice(0, 20) : []) {
    const kind = isObject(detail) ? (textOf(detail.modality) ?? '').toLowerCase() : ''
    const count = isObject(detail) ? countOf(detail.tokenCount) : undefined
    if (known.has(kind) && count !== undefined) kinds[kind] = (kinds[kind] ?? 0) + count
  }
  return kinds
}

function named(kinds: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, count]) => [`${kind}_tokens`, count] as const),
  )
}
