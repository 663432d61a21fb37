/** What a deployment may still be sent, as a decision sees it. */
export interface GateFacts {
  /** Milliseconds until a quota has something left; 0: now. */
  readonly quotaMs: number
  /** Free places; undefined: not counted. */
  readonly freeSlots: number | undefined
  /** Milliseconds until a place is likely to be free, where none is. */
  readonly slotMs?: number | undefined
  /** Callers waiting for a place; undefined: nobody may wait. */
  readonly queued: number | undefined
  /** Sent in the running minute. */
  readonly minuteRequests: number
  readonly minuteTokens: number
}

export interface Ask {
  /** Whose turn it is in a queue: a key, or an end user of the master key. */
  readonly flow: string
  /** Its share in the queue for its weight; 1 where it is not said. */
  readonly weight?: number | undefined
  /** Worst case: the prompt's upper bound and the most the answer may have. */
  readonly tokens: number
  /** How long this caller can still wait, milliseconds. */
  readonly patienceMs: number
}

/** Places in quotas and slots for one attempt; ended once, a second end does nothing. */
export interface GateAdmission {
  /** 0: it did not wait. */
  readonly queuedMs: number
  /** How many stood before it when it came; 0: it did not wait. */
  readonly queuePosition: number
  /** What was used. Undefined: not known, so the worst case; nothing where the call never reached the upstream. */
  end(usedTokens: number | undefined, wasSent: boolean): void
}

/** An admission being waited for, at the ledger or in a queue. */
export interface Waiting {
  /** Undefined: a quota is used up after all, the next deployment's turn. Rejects with GatewayError `queue_full`. */
  readonly admitted: Promise<GateAdmission | undefined>
  /** The caller left or its deadline is over: its place is free at once. */
  leave(): void
}

/** The quotas and the places of one deployment. Kept over reloads that do not change them. */
export interface Gate {
  facts(now: number): GateFacts
  /** Admits an attempt, at once where it can. */
  admit(ask: Ask, now: number): GateAdmission | Waiting
  /** Learns what an answer's headers or a 429's body tell of quotas. */
  learn(told: UpstreamLimits, now: number): void
  /** What is left, for `/health`, metrics and explanations. */
  report(now: number): GateReport
}

/** What an upstream says of its limits, per unit. */
export interface UpstreamLimits {
  readonly requests?: ToldLimit | undefined
  readonly tokens?: ToldLimit | undefined
}

export interface ToldLimit {
  readonly limit?: number | undefined
  readonly remaining?: number | undefined
  readonly resetsInMs?: number | undefined
  /** The period it is about, where it says so: a day for `…per day`. */
  readonly per?: 'minute' | 'hour' | 'day' | 'month' | undefined
}

export interface GateReport {
  readonly quotas: readonly {
    readonly unit: 'requests' | 'tokens'
    readonly per: string
    readonly amount: number
    readonly remaining: number
    readonly resetsInMs: number
  }[]
  /** `total`: of the whole module; free and queued: in this process. */
  readonly slots?:
    | { readonly total: number; readonly free: number; readonly queued: number }
    | undefined
}
