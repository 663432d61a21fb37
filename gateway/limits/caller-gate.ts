import type { CallerUnit } from './caller-specs.ts'
import type { Hold } from './counter.ts'

/** The most that one request may use, held before anything is sent. */
export interface CallerAsk {
  /** The exchange's id. */
  readonly id: string
  /** Name of the model group. */
  readonly model: string
  /** The name that the caller wrote, where that is another: limits of either hold. */
  readonly asked?: string | undefined
  /** Prompt and answer, worst case; 0 where nothing is counted in tokens. */
  readonly tokens: number
  /** Cost of the dearest first attempt, worst case, billionths of a US dollar; 0 where it is free or nobody knows. */
  readonly nano: number
  /** How long this caller can still wait, milliseconds. */
  readonly patienceMs: number
}

/** What a request has used in the end. */
export interface CallerUse {
  /** Undefined: not known, so what was held. */
  readonly tokens: number | undefined
  /** Of every attempt that may have been paid, as its row says; undefined: nobody knows what it costs. */
  readonly nano: number | undefined
  /** Whether any upstream may have seen it; else nothing was used but a request. */
  readonly wasSent: boolean
}

/** What a request holds of one counter. */
export interface CallerHold extends Hold {
  readonly unit: CallerUnit
}

/** A request's place in all limits of its caller. Ended once, a second end does nothing. */
export interface CallerAdmission {
  /**
   * Holds at least this much money for all attempts together. Waits only where the ledger must be asked; rejects with
   * GatewayError `budget_exceeded`, and what is held stays held.
   */
  cover(nano: number): undefined | Promise<void>
  /** What it holds now of which counter, for whoever has to settle it by hand. */
  holds(): readonly CallerHold[]
  /** What a use comes to of each of its holds, in their order: that is what `settle` charges. */
  shares(used: CallerUse): readonly number[]
  settle(used: CallerUse): void
  /** `x-ratelimit-*` and what LiteLLM tells of a key, flat name and value, true as of now. */
  headers(): readonly string[]
}

/** All limits of one caller on this module: those of the key, its user and team, and of the module. */
export interface CallerGate {
  /** Whether what an answer may have at most must be bounded: money or tokens are limited for this model. */
  isBounding(model: string, asked?: string): boolean
  /** What `headers` of an admission would say where there is none: a request that is refused. */
  headers(model: string, asked?: string): readonly string[]
  /**
   * Admits a request to every limit or to none, at once where it can. Rejects (or throws) GatewayError
   * `rate_limit_exceeded` or `budget_exceeded`, saying which limit, of whom, until when; `storage_unavailable` where
   * only the ledger could tell and Postgres is away.
   */
  admit(ask: CallerAsk): CallerAdmission | Promise<CallerAdmission>
}
