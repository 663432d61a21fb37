import type { Deployment } from '../routing/deployment.ts'

const defaultMostTokens = 4_096
const maximumFields = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const

/** The most tokens an answer may have: what the request says, else the deployment, else its model; for each choice. */
export function mostAnswerTokens(
  fields: Readonly<Record<string, unknown>>,
  { params, info }: Pick<Deployment, 'params' | 'info'>,
): number {
  const asked = maximumIn(fields) ?? maximumIn(params.defaults)
  const known = info['max_output_tokens']
  const most = asked ?? (isCount(known) ? Math.min(known, defaultMostTokens) : defaultMostTokens)
  const choices = fields['n']
  return most * (isCount(choices) ? Math.max(1, choices) : 1)
}

function maximumIn(fields: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of maximumFields) {
    const value = fields[name]
    if (isCount(value)) return value
  }
  return undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
