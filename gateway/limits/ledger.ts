/**
 * The book in which all processes share counters. What is told stands in absolute terms, so that it may be told twice,
 * late or never: `holds` and `used` are what the process knows, not what changed.
 */
export interface LedgerAsk {
  readonly key: string
  readonly amount: number
  /** Start of the calendar window by the ledger's clock, Unix milliseconds; 0: a rolling window. */
  readonly startsAtMs: number
  readonly endsAtMs?: number | undefined
  /** Of a rolling window: length of a bucket, and how long after its start a bucket counts at least. */
  readonly stepMs?: number | undefined
  readonly keptMs?: number | undefined
  /** After so long what a killed process held is free again; undefined: never within the window. */
  readonly releaseAfterMs?: number | undefined
  /** Rises with each ask about this window; the ledger passes over one that comes after a later one. */
  readonly turn: number
  /** Used by this process in all: `[start of the bucket, total]`. */
  readonly used: readonly (readonly [atMs: number, total: number])[]
  /** Leased and not used yet. */
  readonly holds: number
  /** The part of it that cannot be handed back: calls are running on it. */
  readonly reserved: number
  /** The least that helps; 0: nothing is waited for. */
  readonly wants: number
  /** All that is waited for. */
  readonly needs: number
  /** What is free in hand is brought up to so much at most, where there is room. */
  readonly ahead: number
  /** No more than this is left, as the owner of the amount told; 0: nothing, in whoever's hands. */
  readonly learned?: { readonly remaining: number; readonly untilMs: number } | undefined
}

export interface LedgerAnswer {
  readonly key: string
  readonly startsAtMs: number
  /** Of the ask: what is about an older one says nothing new. */
  readonly turn: number
  readonly isStale: boolean
  /** The ledger's clock. */
  readonly nowMs: number
  /** Whether the window is running by that clock. */
  readonly isOpen: boolean
  /** What is left of `holds`: less where the ledger knows of no such lease. */
  readonly held: number
  /** Leased on top of it. */
  readonly granted: number
  /** The amount in force: less than configured where its owner told so. */
  readonly amount: number
  /** Neither used nor unsettled, in hands or not. */
  readonly remaining: number
  /** In nobody's hands. */
  readonly headroom: number
  /** In the hands of others. */
  readonly elsewhere: number
  /** Processes that share the counter. */
  readonly replicas: number
  /** Another process looks for idle slices. */
  readonly isRecalled: boolean
  /** When the oldest use stops counting; undefined: none, or a calendar window. */
  readonly freesAtMs?: number | undefined
}

export interface Ledger {
  /** `none`: no database is configured; `away`: it is, and is not at hand. */
  state(): 'none' | 'away' | 'there'
  /** One round trip; also renews the process's leases for so long. Rejects where the ledger is away. */
  exchange(asks: readonly LedgerAsk[], ttlMs: number): Promise<readonly LedgerAnswer[]>
  /** Moves what silent processes held to what is unsettled, and forgets windows that are long over. */
  sweep(): Promise<void>
  /** Calls when another process looks for idle slices of a counter; gives the end of it. */
  onRecall(listener: (key: string) => void): () => void
}
