import type { Caller } from '../auth/keyring.ts'
import type { Usage } from '../accounting/usage.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Trace } from '../routing/trace.ts'
import type { Serving } from './serving.ts'
import type { Endpoint } from './endpoint.ts'

/** One request and everything learnt about it, from acceptance to settlement. */
export class Exchange {
  readonly id: string
  /** What the caller may quote: its own `x-litellm-call-id`, else `id`. */
  readonly callId: string
  readonly serving: Serving
  readonly endpoint: Endpoint
  caller: Caller
  /** Monotonic and Unix milliseconds of the acceptance. */
  readonly startedAt: number
  readonly startedAtMs: number
  /** The asked name, as the caller wrote it. */
  model = ''
  /** Bounded form of it, for labels and rows: the group's name, `(unknown)` before it is found. */
  group = '(unknown)'
  isStream = false
  attempts = 0
  deployment: Deployment | undefined
  firstByteMs: number | undefined
  /** Time spent waiting for upstreams, milliseconds; undefined where none was called. */
  upstreamMs: number | undefined
  usage: Usage = {}
  /** Why it went where it went. */
  readonly trace: Trace = { decisions: [], attempts: [], fallbacks: [], refusedByBudget: 0 }
  /** `ok` or the error's code; undefined until the end. */
  outcome: string | undefined
  status = 0
  #isSettled = false

  constructor(start: ExchangeStart) {
    this.id = start.id
    this.callId = start.callId
    this.serving = start.serving
    this.endpoint = start.endpoint
    this.caller = start.caller
    this.startedAt = start.startedAt
    this.startedAtMs = start.startedAtMs
  }

  /** True once, for whoever settles first. */
  claimSettlement(): boolean {
    if (this.#isSettled) return false
    this.#isSettled = true
    return true
  }
}

export interface ExchangeStart {
  readonly id: string
  readonly callId: string
  readonly serving: Serving
  readonly endpoint: Endpoint
  readonly caller: Caller
  readonly startedAt: number
  readonly startedAtMs: number
}
