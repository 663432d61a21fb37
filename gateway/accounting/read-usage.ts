import type { Usage } from './usage.ts'

/** Usage as OpenAI's dialect tells it, in chat, completions, embeddings, responses and image answers alike. */
export function readUsage(answer: unknown): Usage {
  const usage = field(answer, 'usage')
  if (usage === null || typeof usage !== 'object') return {}
  const promptTokens = count(usage, 'prompt_tokens') ?? count(usage, 'input_tokens')
  const completionTokens = count(usage, 'completion_tokens') ?? count(usage, 'output_tokens')
  const promptDetails =
    field(usage, 'prompt_tokens_details') ?? field(usage, 'input_tokens_details')
  const completionDetails =
    field(usage, 'completion_tokens_details') ?? field(usage, 'output_tokens_details')
  return compact({
    promptTokens,
    completionTokens,
    totalTokens: count(usage, 'total_tokens') ?? sum(promptTokens, completionTokens),
    cachedTokens: count(promptDetails, 'cached_tokens'),
    reasoningTokens: count(completionDetails, 'reasoning_tokens'),
    audioSeconds: field(usage, 'type') === 'duration' ? count(usage, 'seconds') : undefined,
  })
}

/** Pictures in an image answer; transcripts tell their length where they are verbose. */
export function readMediaUsage(answer: unknown): Usage {
  const data = field(answer, 'data')
  const isPictures =
    Array.isArray(data) && data.some((item) => has(item, 'b64_json') || has(item, 'url'))
  return compact({
    images: isPictures ? data.length : undefined,
    audioSeconds: typeof field(answer, 'text') === 'string' ? count(answer, 'duration') : undefined,
  })
}

function compact(counts: { [K in keyof Usage]: Usage[K] | undefined }): Usage {
  const known: Record<string, number> = {}
  for (const [key, value] of Object.entries(counts)) if (value !== undefined) known[key] = value
  return known
}

function count(container: unknown, key: string): number | undefined {
  const value = field(container, key)
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
}

function field(container: unknown, key: string): unknown {
  if (container === null || typeof container !== 'object') return undefined
  return Object.entries(container).find(([name]) => name === key)?.[1]
}

function has(container: unknown, key: string): boolean {
  return container !== null && typeof container === 'object' && key in container
}
