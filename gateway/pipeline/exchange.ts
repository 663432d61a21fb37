import type { Caller } from '../auth/keyring.ts'
import type { OpenAdmission } from '../accounting/admission-journal.ts'
import type { AskedUnits } from '../accounting/asked-units.ts'
import type { Cost } from '../accounting/cost.ts'
import type { DurationMeter } from '../accounting/duration.ts'
import type { Usage } from '../accounting/usage.ts'
import type { CallerStream } from '../dialects/caller-dialect.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { CallerAdmission } from '../limits/caller-gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Trace } from '../routing/trace.ts'
import type { Endable } from '../upstream/running-calls.ts'
import type { Serving } from './serving.ts'
import type { Endpoint } from './endpoint.ts'
import type { Keeping } from './kept-responses.ts'

/** One request and everything learnt about it, from acceptance to settlement. */
export class Exchange {
  readonly id: string
  /** What the caller may quote: its own `x-litellm-call-id`, else `id`. */
  readonly callId: string
  readonly serving: Serving
  readonly endpoint: Endpoint
  caller: Caller
  /** Its place in the limits of its caller; undefined where none hold. */
  admission: CallerAdmission | undefined
  /** What it holds of them stands in the journal; undefined where nobody would read it. */
  journalled: OpenAdmission | undefined
  /** Money or tokens of its caller are limited: its answer must have a maximum. */
  isBounded = false
  /** Monotonic and Unix milliseconds of the acceptance. */
  readonly startedAt: number
  readonly startedAtMs: number
  /** The asked name, as the caller wrote it. */
  model = ''
  /** Bounded form of it, for labels and rows: the group's name, `(unknown)` before it is found. */
  group = '(unknown)'
  isStream = false
  /** Whom the caller serves, as it says. */
  endUser: string | undefined
  /** By which its cost is summed up. */
  tags: readonly string[] | undefined
  /** The group being tried: another than `group` after a fallback. */
  currentGroup = '(unknown)'
  attempts = 0
  /** Attempts after the first of a priority class, in the group being tried. */
  retries = 0
  /** Groups tried after the first. */
  fallbacks = 0
  /** Attempts that failed and may have been paid for all the same. */
  billed = 0
  deployment: Deployment | undefined
  /** A good head came in the running attempt. */
  hasAnswerBegun = false
  /** Time spent waiting for a place, milliseconds, and how many stood before; undefined where none was asked for. */
  queuedMs: number | undefined
  queuePosition = 0
  /** When the caller's own deadline is over, monotonic milliseconds. */
  deadlineAt = Infinity
  /** Why nothing more is to be done for it. */
  endedBy: GatewayError | undefined
  /** Undefined where the module keeps no responses, or this is none. */
  keeping: Keeping | undefined
  /** What its stream is said in, where that is not the model's own. */
  voice: CallerStream | undefined
  /** What ends with it: a call, a wait. */
  underWay: Endable | undefined
  /** Undefined where there was nothing to decide and the one attempt was answered. */
  trace: Trace | undefined
  firstByteMs: number | undefined
  /** Time spent waiting for upstreams, milliseconds; undefined where none was called. */
  upstreamMs: number | undefined
  usage: Usage = {}
  /** The name that the upstream knows the model by, of the running attempt. */
  upstreamModel = ''
  /** When the running attempt began, monotonic milliseconds. */
  calledAt = 0
  /** Units of the request that its price goes by; undefined where it has none of its own. */
  asked: AskedUnits | undefined
  /** Hears how long the sound is that passes, where that is paid. */
  sound: DurationMeter | undefined
  /** Known once all that is paid is; undefined where nobody knows. */
  cost: Cost | undefined
  /** Of attempts before the running one that may have been paid all the same. */
  earlier: Cost | undefined
  /** Whether any upstream may have seen the request. */
  wasSent = false
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

  get costNano(): number | undefined {
    return this.cost?.total
  }

  requireTrace(): Trace {
    this.trace ??= { decisions: [], attempts: [], fallbacks: [], refusedByBudget: 0 }
    return this.trace
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
