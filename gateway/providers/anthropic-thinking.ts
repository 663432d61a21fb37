import { isObject } from '../../modules/json-object.ts'
import type { ModelTraits } from './anthropic-models.ts'
import { hasThoughts } from './anthropic-thoughts.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** How a model is told to think. */
export interface Thinking {
  readonly thinking?: JsonObject
  /** `output_config.effort`. */
  readonly effort?: string
  /** What it may spend, beside its answer. */
  readonly tokens: number
}

interface Circumstances {
  readonly traits: ModelTraits
  /** The most tokens the caller allows for thoughts and answer. */
  readonly mostTokens: number | undefined
  /** Anthropic does not think where a call of a tool is demanded. */
  readonly isToolForced: boolean
  /** Whether a wish that would be refused may be left out. */
  readonly mayModify: boolean
}

const leastBudget = 1_024
const budgets = {
  minimal: 1_024,
  low: 1_024,
  medium: 2_048,
  high: 4_096,
  xhigh: 8_192,
  max: 16_384,
}
type Effort = keyof typeof budgets

const silence: Thinking = { tokens: 0 }

/** Anthropic's `thinking` from its own word, else from `reasoning_effort`, which is a wish and not a demand. */
export function thinkingOf(fields: JsonObject, circumstances: Circumstances): Thinking {
  const effort = effortIn(fields)
  if (isGiven(fields.thinking)) return asWritten(fields, effort, circumstances)
  if (effort === undefined) return silence
  const { traits } = circumstances
  if (effort === 'none') return withoutThinking(traits)
  if (traits.thinksFreely) return freely(effort, circumstances)
  return withBudget(effort, fields, circumstances)
}

function asWritten(
  fields: JsonObject,
  effort: Effort | 'none' | undefined,
  { traits, mayModify }: Circumstances,
): Thinking {
  const { thinking } = fields
  if (!isObject(thinking)) throw invalid('thinking', 'must be an object with a type.')
  const budget = thinking.type === 'enabled' ? budgetIn(thinking) : 0
  // A demand that newer models only know in another form.
  if (budget > 0 && traits.hidesThinking) {
    const nearest = effortNear(budget)
    return { thinking: adaptive(traits), effort: nearest, tokens: budget }
  }
  if (budget > 0 && mayModify && isThoughtMissing(fields.messages)) return silence
  const isSteered = traits.thinksFreely && effort !== undefined && effort !== 'none'
  return { thinking, ...(isSteered && { effort: effortWord(effort, traits) }), tokens: budget }
}

function budgetIn({ budget_tokens: budget }: JsonObject): number {
  if (typeof budget !== 'number' || !Number.isInteger(budget) || budget < 1)
    throw invalid('thinking.budget_tokens', 'must be a whole number, 1024 or more.')
  return budget
}

function effortNear(budget: number): Effort {
  if (budget <= budgets.low) return 'low'
  return budget <= budgets.medium ? 'medium' : 'high'
}

function withoutThinking(traits: ModelTraits): Thinking {
  if (traits.alwaysThinks) return { effort: 'low', tokens: 0 }
  return traits.thinksFreely ? { thinking: { type: 'disabled' }, tokens: 0 } : silence
}

function freely(effort: Effort, { traits, isToolForced }: Circumstances): Thinking {
  const word = effortWord(effort, traits)
  if (isToolForced) return { effort: word, tokens: 0 }
  return { thinking: adaptive(traits), effort: word, tokens: budgets[effort] }
}

function adaptive({ hidesThinking }: ModelTraits): JsonObject {
  return { type: 'adaptive', ...(hidesThinking && { display: 'summarized' }) }
}

// `xhigh` came after 4.6.
function effortWord(effort: Effort, { hidesThinking }: ModelTraits): string {
  if (effort === 'minimal') return 'low'
  return effort === 'xhigh' && !hidesThinking ? 'high' : effort
}

function withBudget(
  effort: Effort,
  { messages }: JsonObject,
  { traits, mostTokens, isToolForced }: Circumstances,
): Thinking {
  if (!traits.takesBudget) return silence
  const tokens = Math.min(budgets[effort], (mostTokens ?? Number.POSITIVE_INFINITY) - 1)
  if (tokens < leastBudget || isToolForced || isThoughtMissing(messages)) return silence
  return { thinking: { type: 'enabled', budget_tokens: tokens }, tokens }
}

/** Whether the last turn of the model's own calls tools without the thoughts before it, which few callers send back. */
function isThoughtMissing(messages: unknown): boolean {
  if (!isList(messages)) return false
  const last = messages.findLast((message) => isObject(message) && message.role === 'assistant')
  if (!isObject(last) || !isList(last.tool_calls) || last.tool_calls.length === 0) return false
  return !hasThoughts(last)
}

function effortIn({ reasoning_effort: asked }: JsonObject): Effort | 'none' | undefined {
  if (!isGiven(asked)) return undefined
  const word = textOf(asked) ?? ''
  if (word === 'none' || isEffort(word)) return word
  throw invalid('reasoning_effort', `must be none, ${Object.keys(budgets).join(', ')}.`)
}

function isEffort(word: string): word is Effort {
  return Object.hasOwn(budgets, word)
}
