import { fieldOf, isObject } from '../../modules/json-object.ts'
import { usageOf as bedrockUsageOf } from './bedrock-answers.ts'
import { usageOf as cohereUsageOf } from './cohere-answers.ts'
import { chatUsage, tokensIn } from './gemini-usage.ts'
import { usageOf as ollamaUsageOf } from './ollama-answers.ts'
import type { UsageReader } from './provider.ts'

/** What Gemini counts, with each event of a stream anew. */
export const geminiUsage: UsageReader = (said) => {
  const tokens = isObject(said) ? tokensIn(said) : undefined
  return tokens && chatUsage(tokens)
}

/** What Cohere bills in tokens, in its first API and its second. */
export const cohereUsage: UsageReader = (said) => {
  const told =
    fieldOf(said, 'usage') ??
    fieldOf(fieldOf(said, 'delta'), 'usage') ??
    fieldOf(said, 'meta') ??
    fieldOf(fieldOf(said, 'response'), 'meta')
  const units = fieldOf(told, 'billed_units') ?? fieldOf(told, 'tokens')
  const isInTokens = ['input_tokens', 'output_tokens'].some((name) => fieldOf(units, name) != null)
  return isInTokens ? cohereUsageOf(told) : undefined
}

/** What Ollama counts, with the last line of a stream. */
export const ollamaUsage: UsageReader = (said) =>
  isObject(said) && (said.eval_count ?? said.prompt_eval_count) !== undefined
    ? ollamaUsageOf(said)
    : undefined

/** What Bedrock counts with an answer of Converse; a model's own answer passes with the model's own count. */
export const bedrockUsage: UsageReader = (said) => {
  const told = fieldOf(said, 'usage')
  return isObject(told) && told.inputTokens !== undefined ? bedrockUsageOf(told) : undefined
}
