import type { GateReport } from '../limits/gate.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { Decision, DecisionInput } from './decision.ts'

/** One decision of an exchange, with all it was made from. */
export interface DecisionStep {
  /** The group it is about: not the asked model's after a fallback. */
  readonly group: string
  /** Milliseconds since the exchange began. */
  readonly atMs: number
  readonly input: DecisionInput
  readonly decision: Decision
}

/** One attempt of an exchange. */
export interface AttemptStep {
  readonly group: string
  readonly deployment: string
  /** Milliseconds since the exchange began. */
  readonly atMs: number
  queuedMs: number
  firstByteMs: number | undefined
  /** Duration, queueing included. */
  durationMs: number
  outcome: 'ok' | ErrorCode | undefined
  status: number
  /** Limits of the deployment before and after. */
  readonly before: GateReport | undefined
  after: GateReport | undefined
}

/** Why an exchange went where it went, without any of its content. Kept for an hour. */
export interface Trace {
  readonly decisions: DecisionStep[]
  readonly attempts: AttemptStep[]
  /** What made it leave a group: `b after upstream_failed of a`. */
  readonly fallbacks: { readonly from: string; readonly to: string; readonly because: ErrorCode }[]
  /** Attempts that the retry budget forbade. */
  refusedByBudget: number
}
