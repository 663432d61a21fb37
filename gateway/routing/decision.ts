import type { EndpointName } from '../../modules/endpoints.ts'

/** LiteLLM's strategies by their names, and ours: `peak-ewma` where none is named, `prefix-affinity` by name. */
export const strategyNames = [
  'peak-ewma',
  'prefix-affinity',
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
  'cost-based-routing',
] as const

export type StrategyName = (typeof strategyNames)[number]

/** What a request may need that not every model has. */
export type Capability = 'vision' | 'tools' | 'response-schema' | 'audio-input' | 'pdf-input'

/**
 * Everything one decision is made from: plain data, so that it can be recorded, shown and replayed. The same
 * input always gives the same decision.
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
  /** rpm and tpm are limits, not weights. */
  readonly areRatesEnforced: boolean
  /** Latency-based routing: share above the best that still counts as best. */
  readonly latencyBuffer: number
}

export interface RequestFacts {
  readonly endpoint: EndpointName
  /** Estimate, from above. */
  readonly promptTokens: number
  readonly needs: readonly Capability[]
  readonly tags: readonly string[]
  /** Unsigned 32 bits of model, tenant, system prompt and first user turn; undefined: nothing to stick to. */
  readonly affinity: number | undefined
}

/** One deployment as the decision sees it. Times are milliseconds from now; 0: now. */
export interface CandidateFacts {
  readonly id: string
  readonly order: number
  readonly weight: number | undefined
  readonly rpm: number | undefined
  readonly tpm: number | undefined
  /** Whether its dialect has the endpoint. */
  readonly speaks: boolean
  readonly lacks: readonly Capability[]
  readonly maxInputTokens: number | undefined
  readonly tags: readonly string[]
  /** Already called in this exchange and not to be called again. */
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
  /** Price of an input and an output token together, USD; undefined: not known. */
  readonly cost: number | undefined
}

export type PassedOver =
  | 'endpoint not spoken'
  | 'lacks capability'
  | 'prompt too long'
  | 'other tags'
  | 'already tried'
  | 'cooling'
  | 'being probed'
  | 'rate limited'
  | 'quota used up'
  | 'no free slot'
  | 'lower priority'

export interface Decision {
  /** Indices of the candidates to try, best first: the first priority class that has any, and no other. */
  readonly order: readonly number[]
  readonly passedOver: readonly {
    readonly index: number
    readonly reason: PassedOver
    /** When the reason ends, milliseconds from now; 0: it does not pass by itself. */
    readonly forMs: number
  }[]
  /** Every candidate is cooling, so all of them are tried. */
  readonly isLastResort: boolean
}
