import type { EndpointName } from '../../modules/endpoints.ts'
import type { RouterSettings } from '../../modules/module.ts'
import type { GateFacts } from '../limits/gate.ts'
import { affinityOf, type Beginning } from './affinity.ts'
import type { CandidateFacts, CandidateTraits, DecisionInput, RequestFacts } from './decision.ts'
import type { Deployment } from './deployment.ts'
import { planOf } from './group-plan.ts'
import { estimatePromptTokens } from './prompt-tokens.ts'
import { needsOf } from './request-needs.ts'
import { serves } from '../providers/served.ts'
import type { ModelGroup } from './router.ts'

/** What an exchange asks of a group. */
export interface Asked extends Beginning {
  readonly tags: readonly string[]
}

/** When a decision is made, and what the exchange has done before. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly now: number
  /** Unsigned 32 bits. */
  readonly seed: number
  readonly isStream: boolean
  /** Called before in this exchange. */
  readonly tried?: ReadonlySet<Deployment> | undefined
  /** Called before and not to be called again. */
  readonly spent?: ReadonlySet<Deployment> | undefined
}

/**
 * What a decision may want to know of a request; the same for all attempts at one group. Only that is looked for
 * which a deployment of the group may be passed over for.
 */
export function describeRequest(
  { deployments }: ModelGroup,
  router: RouterSettings,
  asked: Asked,
): RequestFacts {
  const { looksFor, isBlind } = planOf(deployments, router)
  if (isBlind) return plainRequest(asked.endpoint)
  return {
    endpoint: asked.endpoint,
    promptTokens: looksFor.promptTokens ? estimatePromptTokens(asked.fields) : 0,
    needs: looksFor.needs.length > 0 ? needsOf(asked.fields, looksFor.needs) : [],
    tags: looksFor.tags ? asked.tags : [],
    affinity: looksFor.affinity ? affinityOf(asked) : undefined,
  }
}

const plainRequests = new Map<EndpointName, RequestFacts>()

function plainRequest(endpoint: EndpointName): RequestFacts {
  const known = plainRequests.get(endpoint)
  if (known) return known
  const made = { endpoint, promptTokens: 0, needs: [], tags: [], affinity: undefined }
  plainRequests.set(endpoint, made)
  return made
}

/** All that one decision about a group is made from, as it is now. The candidates are its deployments, by index. */
export function createInput(
  { deployments }: ModelGroup,
  router: RouterSettings,
  request: RequestFacts,
  moment: Moment,
): DecisionInput {
  const { strategy, rules, traits } = planOf(deployments, router)
  const isTimed = strategy === 'latency-based-routing'
  const candidates: CandidateFacts[] = []
  for (const [index, own] of traits.entries()) {
    const deployment = deployments[index]
    if (deployment) candidates.push(factsOf(deployment, own, request, moment, isTimed))
  }
  return { strategy, rules, request, candidates, seed: moment.seed }
}

const noGate: GateFacts = {
  quotaMs: 0,
  freeSlots: undefined,
  queued: undefined,
  minuteRequests: 0,
  minuteTokens: 0,
}

function factsOf(
  deployment: Deployment,
  traits: CandidateTraits,
  { endpoint }: RequestFacts,
  { now, isStream, tried, spent }: Moment,
  isTimed: boolean,
): CandidateFacts {
  const { health, gate, provider } = deployment
  const limits = gate === undefined ? noGate : gate.facts(now)
  return {
    traits,
    speaks: serves(provider, endpoint, deployment.target),
    isTried: tried !== undefined && tried.has(deployment),
    isSpent: spent !== undefined && spent.has(deployment),
    coolingMs: Math.ceil(health.coolingMs(now)),
    isProbed: health.isProbed(now),
    limitedMs: Math.ceil(health.limitedMs(now)),
    quotaMs: Math.ceil(limits.quotaMs),
    freeSlots: limits.freeSlots,
    slotMs: limits.slotMs,
    queued: limits.queued,
    inFlight: health.inFlight,
    latencyMs: health.latencyMs(now),
    meanLatency: isTimed ? health.meanLatency(isStream, now) : 0,
    minuteRequests: limits.minuteRequests,
    minuteTokens: limits.minuteTokens,
  }
}
