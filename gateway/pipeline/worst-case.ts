import type { EndpointName } from '../../modules/endpoints.ts'
import { fieldOf } from '../../modules/json-object.ts'
import { rulesFor } from '../providers/request-rules.ts'
import type { Deployment } from '../routing/deployment.ts'

type Fields = Readonly<Record<string, unknown>>

const defaultMostTokens = 4_096

/** Endpoints whose answers are text, and the fields in which they say how long it may be. */
const maximumFields: Partial<Record<EndpointName, readonly string[]>> = {
  'chat-completions': ['max_completion_tokens', 'max_tokens'],
  completions: ['max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
}

const allNames = ['max_completion_tokens', 'max_tokens', 'max_output_tokens']

/** Whether answers of an endpoint are text, counted in tokens. */
export function isWriter(endpoint: EndpointName): boolean {
  return maximumFields[endpoint] !== undefined
}

/** Where an answer is bounded by nobody else. */
export interface AnswerBound {
  readonly endpoint: EndpointName
  /** What is taken where nobody names a maximum. */
  readonly defaultMost?: number | undefined
}

/** The most tokens an answer may have: what the request says, else the deployment, else its model; for each choice. */
export function mostAnswerTokens(
  fields: Fields,
  deployment: Pick<Deployment, 'params' | 'info'>,
  { endpoint, defaultMost = defaultMostTokens }: AnswerBound,
): number {
  const asked = namedMaximum(fields, deployment, endpoint)
  const known = knownMost(deployment)
  // No model answers with more than it can, whatever it is asked for.
  const most = Math.min(asked ?? defaultMost, known ?? Infinity)
  return most * choicesIn(fields)
}

const thoughts: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 2_048,
  high: 4_096,
}
const mostThoughts = 16_384

/** What a translated request may think beyond the maximum of its answer, where its vendor counts that apart. */
export function thoughtsOnTop({ thinking, reasoning_effort: effort }: Fields): number {
  const budget = fieldOf(thinking, 'budget_tokens')
  if (isCount(budget)) return budget
  return typeof effort === 'string' ? (thoughts[effort] ?? mostThoughts) : 0
}

/** A maximum to be put into a request whose answer nobody bounds, in the field that its upstream takes; undefined: somebody does. */
export function missingMaximum(
  fields: Fields,
  deployment: Pick<Deployment, 'params' | 'info' | 'provider'>,
  { endpoint, defaultMost = defaultMostTokens }: AnswerBound,
  upstreamModel: string,
): { readonly name: string; readonly value: number } | undefined {
  const names = maximumFields[endpoint]
  if (!names || namedMaximum(fields, deployment, endpoint) !== undefined) return undefined
  const value = Math.min(defaultMost, knownMost(deployment) ?? Infinity)
  const usual = endpoint === 'chat-completions' ? 'max_tokens' : (names[0] ?? 'max_tokens')
  const { renamed } = rulesFor(upstreamModel, deployment.provider.rules ?? [])
  const wanted = renamed.find(([from]) => from === usual)
  return { name: wanted?.[1] ?? usual, value }
}

// Of two names of the same thing it is the upstream's choice which one counts.
function namedMaximum(
  fields: Fields,
  { params }: Pick<Deployment, 'params'>,
  endpoint: EndpointName,
): number | undefined {
  const names = maximumFields[endpoint] ?? []
  return (
    largestIn(params.extraBody, allNames) ??
    largestIn(fields, names) ??
    largestIn(params.defaults, allNames)
  )
}

function knownMost({ info }: Pick<Deployment, 'info'>): number | undefined {
  const known = info['max_output_tokens']
  return isCount(known) ? known : undefined
}

function largestIn(fields: Fields | undefined, names: readonly string[]): number | undefined {
  const named = names.map((name) => fields?.[name]).filter(isCount)
  return named.length === 0 ? undefined : Math.max(...named)
}

// Some servers take numbers that are written as text.
function choicesIn({ n, best_of: bestOf }: Fields): number {
  const counts = [n, bestOf]
    .map((value) => (typeof value === 'string' && value !== '' ? Number(value) : value))
    .filter(isCount)
  return Math.max(1, ...counts)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
