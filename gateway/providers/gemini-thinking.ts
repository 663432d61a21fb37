import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { traitsOf } from './gemini-models.ts'
import type { Target } from './provider.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'

const budgets: Readonly<Record<string, number>> = {
  minimal: 512,
  low: 1024,
  medium: 2048,
  high: 4096,
  xhigh: 8192,
  max: 16_384,
}

/** Gemini's `thinkingConfig` from `thinking: {type, budget_tokens}` or `reasoning_effort`; nothing where neither is said. */
export function thinkingOf(fields: JsonObject, target: Target): JsonObject | undefined {
  const asked = isGiven(fields.thinking)
    ? byBudget(fields.thinking, target.model)
    : byEffort(fields.reasoning_effort, target.model)
  if (asked === undefined || traitsOf(target.model).thinking !== 'none') return asked
  if (asked.includeThoughts === false || target.params.dropParams === true) return undefined
  throw unsupported(
    isGiven(fields.thinking) ? 'thinking' : 'reasoning_effort',
    'this model does not think.',
  )
}

function byBudget(thinking: unknown, model: string): JsonObject | undefined {
  if (!isObject(thinking)) throw invalid('thinking', 'must be an object with a type.')
  if (thinking.type === 'disabled') return without(model)
  const { budget_tokens: budget } = thinking
  if (!isGiven(budget)) return { includeThoughts: true }
  if (typeof budget !== 'number')
    throw invalid('thinking.budget_tokens', 'must be a number of tokens.')
  return budget === 0 ? without(model) : { thinkingBudget: budget, includeThoughts: true }
}

function byEffort(effort: unknown, model: string): JsonObject | undefined {
  const word = isObject(effort) ? textOf(effort.effort) : effort
  if (!isGiven(word) || word === 'default') return undefined
  if (word === 'none' || word === 'disable') return without(model)
  const budget =
    typeof word === 'string' && Object.hasOwn(budgets, word) ? budgets[word] : undefined
  if (budget === undefined || typeof word !== 'string')
    throw invalid('reasoning_effort', `must be none, ${Object.keys(budgets).join(', ')}.`)
  if (traitsOf(model).thinking === 'level')
    return { thinkingLevel: levelOf(word, model), includeThoughts: true }
  return { thinkingBudget: Math.max(budget, leastOf(model)), includeThoughts: true }
}

/** As little thought as the model can do with. */
function without(model: string): JsonObject {
  if (traitsOf(model).thinking === 'level')
    return { thinkingLevel: levelOf('minimal', model), includeThoughts: false }
  return { thinkingBudget: leastOf(model), includeThoughts: false }
}

// 2.5 Pro cannot be kept from thinking.
function leastOf(model: string): number {
  return model.includes('2.5-pro') ? 128 : 0
}

/** The first Pro of the third generation knows only two levels, and no Pro the lowest. */
function levelOf(effort: string, model: string): string {
  const isPro = model.includes('pro')
  if (effort === 'minimal') return isPro ? 'low' : 'minimal'
  if (effort === 'low') return 'low'
  if (effort === 'medium') return /gemini-3-pro/.test(model) ? 'high' : 'medium'
  return 'high'
}
