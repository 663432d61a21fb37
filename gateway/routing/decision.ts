import type { EndpointName } from '../../modules/endpoints.ts'
import type { StrategyName } from '../../modules/strategy-names.ts'

export type { StrategyName } from '../../modules/strategy-names.ts'

/** What a request may need that not every model has. */
export type Capability = 'vision' | 'tools' | 'response-schema' | 'audio-input' | 'pdf-input'

/**
 * Everything one decision is made from: plain data, so that it can be recorded, shown and replayed. The same
 * input always gives the same decision, also after it has been JSON.
 */
export interface DecisionInput {
  readonly strategy: StrategyName
  readonly rules: DecisionRules
  readonly request: RequestFacts
  readonly candidates: readonly CandidateFacts[]
  /** Unsigned 32 bits, from which every random draw of this decision is made. */
  readonly seed: number
}

export interface DecisionRules {
  readonly isTagFiltering: boolean
  readonly isTagMatchAny: boolean
  readonly arePreCallChecksOn: boolean
  /** rpm and tpm are limits under every strategy; usage-, latency- and cost-based routing always respect them. */
  readonly areRatesEnforced: boolean
  /** Latency-based routing: share above the best that still counts as best. */
  readonly latencyBuffer: number
}

/** What is known of the request. What no candidate asks about is not looked for: 0, empty or undefined. */
export interface RequestFacts {
  readonly endpoint: EndpointName
  /** A cheap estimate: about right for prose, a little low for code. */
  readonly promptTokens: number
  readonly needs: readonly Capability[]
  readonly tags: readonly string[]
  /** Unsigned 32 bits of model, tenant, system prompt and first user turn; undefined: nothing to stick to. */
  readonly affinity: number | undefined
}

/** What stays the same of a deployment for as long as the document does. */
export interface CandidateTraits {
  readonly id: string
  /** Priority class; lower first, none last. */
  readonly order: number | undefined
  readonly weight: number | undefined
  readonly rpm: number | undefined
  readonly tpm: number | undefined
  readonly lacks: readonly Capability[]
  readonly maxInputTokens: number | undefined
  readonly tags: readonly string[]
  /** Price of an input and an output token together, USD; undefined: not known. */
  readonly cost: number | undefined
  /** Unsigned 32 bits of its id: its place among those that prefixes are shared out to. */
  readonly place: number
}

/** One deployment as the decision sees it. Times are whole milliseconds from now; 0: now. */
export interface CandidateFacts {
  readonly traits: CandidateTraits
  /** Whether its dialect has the endpoint. */
  readonly speaks: boolean
  /** Called before in this exchange: the others of its class go first. */
  readonly isTried: boolean
  /** Called before in this exchange and not to be called again. */
  readonly isSpent: boolean
  /** Resting after failures for so long. */
  readonly coolingMs: number
  /** Its rest is over and one real request is finding out whether it is well: no second one yet. */
  readonly isProbed: boolean
  /** It said until when it takes no more (429). */
  readonly limitedMs: number
  /** A quota of it is used up until then. */
  readonly quotaMs: number
  /** Free places; undefined: not counted. */
  readonly freeSlots: number | undefined
  /** One is likely to be free then, where none is. */
  readonly slotMs?: number | undefined
  /** Callers that wait for a place; undefined: nobody may wait. */
  readonly queued: number | undefined
  readonly inFlight: number
  /** Peak-EWMA of time to first byte, milliseconds, failures counted as slow. */
  readonly latencyMs: number
  /** Mean seconds an output token (or to the first byte of streams), of the last samples; 0: none yet. */
  readonly meanLatency: number
  /** What it was sent in this minute. */
  readonly minuteRequests: number
  readonly minuteTokens: number
}

/** Why a candidate is not asked, in the order in which it is looked at: the first that holds is given. */
export type PassedOver =
  | 'endpoint not spoken'
  | 'lacks capability'
  | 'prompt too long'
  | 'other tags'
  | 'already tried'
  | 'rate limited'
  | 'quota used up'
  | 'cooling'
  | 'being probed'
  | 'lower priority'
  | 'no free slot'

export interface PassedOverCandidate {
  readonly index: number
  readonly reason: PassedOver
  /** When the reason ends, milliseconds from now; 0: it does not pass by itself. */
  readonly forMs: number
}

export interface Decision {
  /** Indices of the candidates to try, best first: the first priority class that has any, and no other. */
  readonly order: readonly number[]
  /** All others, by index. */
  readonly passedOver: readonly PassedOverCandidate[]
  /** Every candidate that could be asked is cooling, so all of them are tried. */
  readonly isLastResort: boolean
}
