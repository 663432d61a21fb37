/** When a bounded amount becomes free again. */
export type Window =
  | {
      readonly kind: 'calendar'
      readonly per: 'minute' | 'hour' | 'day' | 'week' | 'month'
      /** Minutes after midnight at which days, weeks (on Monday) and months (on the 1st) begin. */
      readonly minuteOfDay: number
      /** IANA name: `America/Los_Angeles`. */
      readonly timeZone: string
      /** So many of them make one window: 10 for ten days; absent: 1. */
      readonly count?: number
    }
  | { readonly kind: 'rolling'; readonly periodMs: number }
  /** Stretches of equal length one after the other; from an hour on they begin by the zone's midnights. */
  | { readonly kind: 'fixed'; readonly periodMs: number; readonly timeZone: string }
  /** Nothing becomes free again. */
  | { readonly kind: 'ever' }

/** One amount that may be used up once a window: requests, tokens, billionths of a dollar; whole numbers. */
export interface CounterSpec {
  /** The same on every replica: `quota:<deployment id>:requests:day`. */
  readonly key: string
  readonly amount: number
  readonly window: Window
  /**
   * When the ledger is away and the slice in hand is used up. `allow`, the default: this process's share of what was
   * left goes on, which may be more than is really left. `deny`: nothing more.
   */
  readonly onOutage?: 'allow' | 'deny'
  /** After so long what a killed process held counts as not used; absent: never within the window. */
  readonly releaseUnsettledAfterMs?: number
  /** What the ledger has is not asked again and again while nobody takes of it: there may be thousands. */
  readonly mayRest?: boolean
  /** Where there is plenty, as much as the largest request of late is leased beside what is asked for. */
  readonly keepsSpare?: boolean
}

/** A window of a counter, as the ledger knows it. */
export interface HeldWindow {
  /** The ledger's name of the counter. */
  readonly key: string
  readonly startMs: number
  /** The whole amount. */
  readonly amount: number
  /** Where it ends; or, of a rolling one, how it is cut. */
  readonly shape: {
    readonly endsAtMs?: number | undefined
    readonly stepMs?: number | undefined
    readonly keptMs?: number | undefined
  }
}

/** What is held of a counter: enough to settle it by hand should the process not come to it. */
export interface Hold {
  /** The ledger's name of the counter. */
  readonly key: string
  /** Start of the calendar window, Unix milliseconds; 0: a rolling one, or for ever. */
  readonly startsAtMs: number
  readonly bucketAtMs: number
  readonly amount: number
  /** The same object for as long as this process counts in it. */
  readonly window: HeldWindow
}

/** An amount taken from a counter. Ended once; a second end does nothing. */
export interface Taken {
  readonly hold: Hold
  /** What was really used; less goes back, more is recorded as an excess. */
  settle(used: number): void
  /** Nothing was used. */
  giveBack(): void
}

export interface CounterState {
  /** What may still be taken in this window by anybody, as far as known here. */
  readonly remaining: number
  /** Milliseconds until something is free again where nothing is left, else until the window's end; Infinity: never. */
  readonly resetsInMs: number
}

/**
 * A bounded amount shared by all workers and replicas. Never more than the amount is taken in a window, across
 * replicas, whatever is killed: a replica takes from a slice that it has leased from the ledger before.
 */
export interface Counter {
  readonly spec: CounterSpec
  state(now: number): CounterState
  /** Takes from what is leased, at once; undefined: that is too small, the ledger must be asked. */
  tryTake(amount: number, now: number): Taken | undefined
  /** Asks the ledger, and through it the replicas whose slices are idle; undefined: used up. */
  take(amount: number): Promise<Taken | undefined>
  /** What an upstream told of the same amount: never less careful than before, until that is reset or the window ends. */
  learn(
    told: { readonly remaining: number; readonly resetsInMs?: number | undefined },
    now: number,
  ): void
}

/** Where counters come from. One a process; kept over reloads of the document. */
export interface Counters {
  /** The counter of this key; a spec that differs from the known one changes it from now on. */
  counter(spec: CounterSpec): Counter
}
