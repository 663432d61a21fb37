/** What a model takes; Anthropic refuses the rest with a 400. */
export interface ModelTraits {
  /** Thinking with a fixed budget: 3.7 to 4.6. */
  readonly takesBudget: boolean
  /** Thinking as it sees fit, steered by effort: 4.6 and newer. */
  readonly thinksFreely: boolean
  /** Takes no `disabled`. */
  readonly alwaysThinks: boolean
  /** Hides what it thinks unless asked to show it: 4.7 and newer. */
  readonly hidesThinking: boolean
  /** Answers by a schema without the detour over a tool: 4.5 and newer. */
  readonly hasSchemas: boolean
  /** Whether `tool_choice` may demand a call. */
  readonly takesForcedTools: boolean
}

/** What a model takes, told by its name. A name without a version is the newest; one that is no Claude the oldest. */
export function traitsOf(model: string): ModelTraits {
  const { family, version } = readName(model)
  const alwaysThinks = family === 'fable' || family === 'mythos'
  return {
    takesBudget: version < 407 && (version >= 307 || version === 0),
    thinksFreely: version >= 406,
    alwaysThinks,
    hidesThinking: version >= 407,
    hasSchemas: version >= 405,
    takesForcedTools: version < (forcedUntil[family] ?? newest),
  }
}

// Hundreds are the first number, units the second: 406 is 4.6.
const newest = 10_000
const forcedUntil: Readonly<Record<string, number>> = {
  opus: 505,
  sonnet: 505,
  fable: 501,
  mythos: 501,
}

interface Name {
  readonly family: string
  readonly version: number
}

// claude-opus-4-6-20260205, claude-3-7-sonnet-latest, claude-sonnet-4.5, claude-mythos-preview
const byFamily = /claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/
const byVersion = /claude-(\d)(?:[-.](\d))?-(opus|sonnet|haiku)/

function readName(model: string): Name {
  const [, family = '', first, second] = byFamily.exec(model) ?? []
  if (first !== undefined) return { family, version: versionOf(first, second) }
  const [, oldFirst, oldSecond, oldFamily = ''] = byVersion.exec(model) ?? []
  if (oldFirst !== undefined) return { family: oldFamily, version: versionOf(oldFirst, oldSecond) }
  const [, named = ''] = /claude-(opus|sonnet|haiku|fable|mythos)/.exec(model) ?? []
  if (named === 'mythos') return { family: named, version: 500 }
  return { family: named, version: named === '' ? 0 : newest }
}

function versionOf(first: string, second = '0'): number {
  return Number(first) * 100 + Number(second)
}
