import type { EndpointName } from '../../modules/endpoints.ts'
import type {
  CandidateFacts,
  DecisionInput,
  PassedOver,
  PassedOverCandidate,
  RequestFacts,
} from './decision.ts'
import { isWithinTags } from './tags.ts'

/** Rates are counted by the minute, so a used-up one is back within this. */
const rateMs = 60_000

/**
 * Why a candidate cannot be asked at all, the first reason that holds. Resting after failures is none of these:
 * where all that is left rests, it is asked all the same.
 */
export function obstacleOf(
  candidate: CandidateFacts,
  input: DecisionInput,
): PassedOver | undefined {
  const { traits } = candidate
  const { rules, request } = input
  if (!candidate.speaks) return 'endpoint not spoken'
  if (traits.lacks.length > 0 && lacksOneOf(request.needs, candidate)) return 'lacks capability'
  if (rules.arePreCallChecksOn && isTooLong(candidate, request)) {
    return 'prompt too long'
  }
  if (rules.isTagFiltering && !isWithinTags(candidate, input)) return 'other tags'
  if (candidate.isSpent) return 'already tried'
  if (candidate.limitedMs > 0) return 'rate limited'
  if (candidate.quotaMs > 0 || isOverRate(candidate, input)) return 'quota used up'
  return undefined
}

/** Why a candidate without an obstacle is asked only as a last resort; undefined: it is well. */
export function restOf({ coolingMs, isProbed }: CandidateFacts): PassedOver | undefined {
  if (coolingMs > 0) return 'cooling'
  return isProbed ? 'being probed' : undefined
}

/** Whether a caller would get a place at once. */
export function hasPlace({ freeSlots }: CandidateFacts): boolean {
  return freeSlots === undefined || freeSlots > 0
}

/** A candidate passed over, and for how long the reason holds. */
export function passOver(
  index: number,
  candidate: CandidateFacts,
  reason: PassedOver,
): PassedOverCandidate {
  return { index, reason, forMs: lengthOf(reason, candidate) }
}

function lengthOf(reason: PassedOver, candidate: CandidateFacts): number {
  if (reason === 'rate limited') return candidate.limitedMs
  if (reason === 'quota used up') return candidate.quotaMs || rateMs
  if (reason === 'no free slot') return candidate.slotMs ?? 0
  return reason === 'cooling' ? candidate.coolingMs : 0
}

function lacksOneOf(needs: DecisionInput['request']['needs'], { traits }: CandidateFacts): boolean {
  for (const need of needs) if (traits.lacks.includes(need)) return true
  return false
}

// A list of texts to embed or to rank is many prompts, none of which is as long as all of them.
const onePrompt: ReadonlySet<string> = new Set<EndpointName>([
  'chat-completions',
  'completions',
  'responses',
  'messages',
])

function isTooLong(
  { traits: { maxInputTokens } }: CandidateFacts,
  { endpoint, promptTokens }: RequestFacts,
): boolean {
  return maxInputTokens !== undefined && promptTokens > maxInputTokens && onePrompt.has(endpoint)
}

function isOverRate(
  candidate: CandidateFacts,
  { strategy, rules, request }: DecisionInput,
): boolean {
  const { rpm, tpm } = candidate.traits
  if (rpm === undefined && tpm === undefined) return false
  if (!rules.areRatesEnforced && !respectsRates(strategy)) return false
  return (
    (rpm !== undefined && candidate.minuteRequests >= rpm) ||
    (tpm !== undefined && candidate.minuteTokens + request.promptTokens > tpm)
  )
}

/** LiteLLM's strategies for which rpm and tpm are limits by themselves. */
export function respectsRates(strategy: DecisionInput['strategy']): boolean {
  return (
    strategy === 'usage-based-routing-v2' ||
    strategy === 'usage-based-routing' ||
    strategy === 'latency-based-routing' ||
    strategy === 'cost-based-routing'
  )
}
