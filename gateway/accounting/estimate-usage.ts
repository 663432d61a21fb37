import type { Usage } from './usage.ts'

/** What is known of an answer's use when nothing more comes. */
export interface Produced {
  /** As the upstream told it. */
  readonly told: Usage
  /** About how many tokens of the answer came after that. */
  readonly tokens: number
}

/**
 * What an answer that did not end well has used: what the upstream told, and for the rest an estimate, marked as one.
 * What was produced is billed, whoever broke off.
 */
export function estimateUsage({ told, tokens }: Produced, promptTokens: () => number): Usage {
  const prompt = told.promptTokens ?? promptTokens()
  const completion = (told.completionTokens ?? 0) + tokens
  if (told.promptTokens !== undefined && tokens === 0) return told
  return {
    ...told,
    promptTokens: prompt,
    completionTokens: completion,
    totalTokens: prompt + completion,
    isEstimated: true,
  }
}
