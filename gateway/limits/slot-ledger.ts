/** The places of one deployment, for all processes of the module. */
export interface SharedPlaces {
  /** The same in every process: the deployment's id. */
  readonly key: string
  readonly total: number
}

/** What one process asks the ledger for. */
export interface PlacesAsk extends SharedPlaces {
  readonly wanted: number
  /** What it has already. */
  readonly held: number
  /** Callers wait: what is not there now is to be recalled from others, first come first served. */
  readonly isUrgent: boolean
}

/** What other processes are told, and what this one hears of them. */
export type SlotNotice =
  | {
      readonly kind: 'wanted'
      readonly key: string
      /** The process that has callers waiting. */
      readonly from: string
      readonly wanted: number
      readonly held: number
    }
  | { readonly kind: 'freed'; readonly key: string }

/** Where a process stands with the ledger. */
export interface Renewal {
  /** Processes of this module, this one among them. */
  readonly holders: number
  /** Places held, by key; `usable`: those that still count under the total given. */
  readonly held: ReadonlyMap<string, { readonly owned: number; readonly usable: number }>
  /** What other processes wish for of what this one holds. */
  readonly wishes: readonly SlotNotice[]
}

/** Who may use which place, kept where all processes of a module can reach it. Every call may reject. */
export interface SlotLedger {
  /** Undefined: there is none, each process counts for itself. */
  readonly state: 'reachable' | 'away' | undefined
  /** Keeps what this process holds for `leaseMs` more; after a lapse it holds nothing. */
  renew(places: readonly SharedPlaces[], options: RenewOptions): Promise<Renewal>
  /** Takes free places; gives how many it got. */
  claim(ask: PlacesAsk): Promise<number>
  /** Nobody waits here any more. */
  withdraw(key: string): Promise<void>
  giveBack(key: string, count: number): Promise<void>
  /** Hears what other processes want and free; undefined for places of another module. */
  onNotice(listener: (notice: SlotNotice) => void): void
  /** Gives back everything. */
  close(): Promise<void>
}

export interface RenewOptions {
  readonly leaseMs: number
  /** Whether processes that have not renewed count as ended. Not just after an outage: they may be as late as this one. */
  readonly areOthersJudged: boolean
}
