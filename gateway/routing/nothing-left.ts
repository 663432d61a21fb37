import { GatewayError } from '../errors/gateway-error.ts'
import type {
  CandidateFacts,
  Capability,
  Decision,
  DecisionInput,
  PassedOver,
  PassedOverCandidate,
} from './decision.ts'
import type { ModelGroup } from './router.ts'

/** What passes by itself; the words are for one server and for several. */
const passing: Readonly<Partial<Record<PassedOver, readonly [one: string, more: string]>>> = {
  'rate limited': ['takes no more requests for now', 'take no more requests for now'],
  'quota used up': ['has used up its quota', 'have used up their quotas'],
  'no free slot': ['has no free place', 'have no free place'],
  cooling: ['rests after failures', 'rest after failures'],
  'being probed': ['is just being tried again', 'are just being tried again'],
}

/**
 * The error for a decision that leaves nothing to ask: what stood against it, in plain words, and until when. What
 * passes by itself goes before what the caller has to change; of that, what the best candidate lacked.
 */
export function nothingLeft(
  group: ModelGroup,
  input: DecisionInput,
  { passedOver }: Decision,
): GatewayError {
  const waiting = passedOver.filter(({ reason }) => passing[reason] !== undefined)
  if (waiting.length > 0) return notNow(group.name, waiting, passedOver.length)
  const has = (reason: PassedOver): boolean => passedOver.some((one) => one.reason === reason)
  if (has('already tried')) return noneLeft(group.name)
  if (has('other tags')) return otherTags(group.name, input)
  if (has('prompt too long')) return tooLong(group.name, input)
  if (has('lacks capability')) return lacking(group.name, input)
  return has('endpoint not spoken') ? notSpoken(group, input) : noneLeft(group.name)
}

function notNow(
  name: string,
  waiting: readonly PassedOverCandidate[],
  total: number,
): GatewayError {
  // Nobody knows when a place becomes free or a probe ends: soon, as a rule.
  const ends = waiting.map(({ forMs }) => forMs || 1_000)
  const retryAfterSeconds = Math.ceil(Math.min(...ends) / 1000)
  const counts = new Map<PassedOver, number>()
  for (const { reason } of waiting) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const clauses = [...counts].map(([reason, count]) => {
    const [one, more] = passing[reason] ?? [reason, reason]
    if (count === total) return total === 1 ? `The server … ${one}` : `Every server … ${one}`
    return `${count} ${count === 1 ? one : more}`
  })
  const what =
    clauses.length === 1 && counts.values().next().value === total
      ? clauses.join('').replace('…', `behind the model ${name}`)
      : `No server behind the model ${name} takes a request now: ${clauses.join(', ')}`
  return new GatewayError(
    counts.has('rate limited') && counts.size === 1
      ? 'upstream_rate_limited'
      : 'rate_limit_exceeded',
    `${what}; try again in ${shown(retryAfterSeconds)}.`,
    { retryAfterSeconds },
  )
}

function shown(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.ceil(seconds / 60)} min`
  return seconds < 172_800
    ? `${Math.ceil(seconds / 3_600)} h`
    : `${Math.ceil(seconds / 86_400)} days`
}

const longestShownTags = 200

function otherTags(name: string, { request }: DecisionInput): GatewayError {
  const asked = request.tags.join(', ').slice(0, longestShownTags)
  return new GatewayError(
    'model_not_allowed',
    `Not allowed to access model due to tags configuration: no deployment of ${name} serves requests ${asked === '' ? 'without tags' : `with the tags ${asked}`}.`,
    { param: 'tags' },
  )
}

function tooLong(name: string, { request, candidates }: DecisionInput): GatewayError {
  const most = Math.max(...candidates.map(({ traits }) => traits.maxInputTokens ?? 0))
  return new GatewayError(
    'context_length_exceeded',
    `The prompt has about ${request.promptTokens} tokens; the model ${name} takes at most ${most}. Shorten it.`,
    { param: promptField(request.endpoint) },
  )
}

function promptField(endpoint: DecisionInput['request']['endpoint']): string {
  if (endpoint === 'chat-completions' || endpoint === 'messages') return 'messages'
  return endpoint === 'completions' ? 'prompt' : 'input'
}

const words: Readonly<Record<Capability, readonly [what: string, param: string]>> = {
  vision: ['images', 'messages'],
  tools: ['tools', 'tools'],
  'response-schema': ['a JSON schema for its answer', 'response_format'],
  'audio-input': ['audio', 'messages'],
  'pdf-input': ['files', 'messages'],
}

function lacking(name: string, { request, candidates }: DecisionInput): GatewayError {
  const lackedBy = (need: Capability) => (one: CandidateFacts) => one.traits.lacks.includes(need)
  const speaking = candidates.filter(({ speaks }) => speaks)
  const everywhere = request.needs.filter((need) => speaking.every(lackedBy(need)))
  const missing = everywhere.length > 0 ? everywhere : request.needs
  const what = missing.map((need) => words[need][0]).join(' and ')
  const [first] = missing
  return new GatewayError(
    'unsupported_parameter',
    everywhere.length > 0
      ? `The model ${name} does not take ${what}.`
      : `No deployment of the model ${name} takes ${what} together.`,
    first === undefined ? {} : { param: words[first][1] },
  )
}

function notSpoken({ name, deployments }: ModelGroup, { request }: DecisionInput): GatewayError {
  const spoken = new Set(deployments.flatMap(({ provider }) => Object.keys(provider.endpoints)))
  return new GatewayError(
    'endpoint_not_offered',
    `The model ${name} does not take ${request.endpoint}; it takes ${[...spoken].join(', ')}.`,
    { param: 'model' },
  )
}

function noneLeft(name: string): GatewayError {
  return new GatewayError(
    'no_deployment_available',
    `No deployment of model ${name} can be tried.`,
    { retryAfterSeconds: 1 },
  )
}
