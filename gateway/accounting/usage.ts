/** What one exchange consumed. Counts are whole numbers; absent means the upstream did not say. */
export interface Usage {
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  readonly totalTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
  /** Of the prompt, written to a cache; and those of them that it keeps for an hour. */
  readonly cacheCreationTokens?: number | undefined
  readonly cacheCreationHourTokens?: number | undefined
  readonly promptAudioTokens?: number | undefined
  readonly completionAudioTokens?: number | undefined
  readonly promptImageTokens?: number | undefined
  readonly completionImageTokens?: number | undefined
  readonly images?: number | undefined
  readonly audioSeconds?: number | undefined
  readonly characters?: number | undefined
  /** Searches that a reranker counts. */
  readonly searchUnits?: number | undefined
  readonly webSearches?: number | undefined
  /** The tier that an upstream says it served with. */
  readonly serviceTier?: string | undefined
  /** The model that it says has answered. */
  readonly answeredModel?: string | undefined
  /** What it says that it takes, billionths of a dollar. */
  readonly toldNano?: number | undefined
  /** Not all of it was told: the stream broke off, or its upstream does not count. */
  readonly isEstimated?: boolean
}

/** One settled exchange, as it is stored. Never a prompt, an answer or a key. */
export interface UsageRow {
  /** UUID; the same row arriving twice is stored once. */
  readonly id: string
  readonly module: string
  readonly endpoint: string
  /** The asked model name; `(unknown)` where no such model exists. */
  readonly model: string
  /** Stable id of the deployment that answered; absent where none did. */
  readonly deploymentId?: string | undefined
  readonly provider?: string | undefined
  readonly upstreamModel?: string | undefined
  /** Who asked: a virtual key's id, else `litellm_proxy_master_key`. */
  readonly caller: string
  readonly userId?: string | undefined
  readonly teamId?: string | undefined
  /** Whom the caller itself serves, as it says. */
  readonly endUser?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** HTTP status the caller saw; 499 where it left. */
  readonly status: number
  /** `ok`, or the error code of the catalogue, or `caller_gone`. */
  readonly outcome: string
  readonly isStream: boolean
  readonly attempts: number
  /** Unix time, milliseconds. */
  readonly startedAtMs: number
  readonly durationMs: number
  readonly firstByteMs?: number | undefined
  readonly usage: Usage
  /** What it cost, billionths of a US dollar; absent where nobody knows. */
  readonly costNano?: number | undefined
}
