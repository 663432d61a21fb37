import type { Exchange } from '../pipeline/exchange.ts'
import type { Trace } from '../routing/trace.ts'
import type { ExplanationRow } from '../storage/explanations.ts'

/** Why an exchange went where it went, as `GET /explain/{id}` shows it: never a prompt, an answer, a key or an address. */
export interface Explanation {
  readonly id: string
  readonly call_id: string
  readonly module: string
  readonly endpoint: string
  readonly model: string
  readonly group: string
  readonly stream: boolean
  readonly caller: string
  readonly config_generation: number
  readonly started_at: string
  readonly duration_ms: number
  readonly first_byte_ms: number | null
  readonly outcome: string
  readonly status: number
  readonly deployment: string | null
  readonly decisions: Trace['decisions']
  readonly attempts: Trace['attempts']
  readonly fallbacks: Trace['fallbacks']
  readonly refused_by_budget: number
  readonly usage: Readonly<Record<string, number | boolean | undefined>>
  /** USD; null where the price is not known. */
  readonly cost: number | null
}

/** A settled exchange and when it ended, monotonic milliseconds. */
export interface Settled {
  readonly exchange: Exchange
  readonly endedAt: number
}

/** What is told of a settled exchange. The asked name is the caller's own text: it is cut, and shown to the master key alone. */
export function explain({ exchange, endedAt }: Settled): Explanation {
  const { deployment, trace } = exchange
  return {
    id: exchange.id,
    call_id: exchange.callId,
    module: exchange.serving.module.name,
    endpoint: exchange.endpoint.name,
    model: exchange.model.slice(0, longestName),
    group: exchange.group,
    stream: exchange.isStream,
    caller: exchange.caller.id,
    config_generation: exchange.serving.generation,
    started_at: new Date(exchange.startedAtMs).toISOString(),
    duration_ms: rounded(endedAt - exchange.startedAt),
    first_byte_ms: exchange.firstByteMs === undefined ? null : rounded(exchange.firstByteMs),
    outcome: exchange.outcome ?? 'internal_error',
    status: exchange.status,
    deployment: deployment?.id ?? null,
    decisions: trace.decisions,
    attempts: trace.attempts,
    fallbacks: trace.fallbacks,
    refused_by_budget: trace.refusedByBudget,
    usage: { ...exchange.usage },
    cost: costOf(exchange),
  }
}

/** It as a row, for the replicas that did not serve it. */
export function explanationRow(settled: Settled): ExplanationRow {
  const told = explain(settled)
  return {
    id: told.id,
    callId: told.call_id,
    module: told.module,
    explanation: JSON.stringify(told),
  }
}

/** Whether a usage row alone tells all: one deployment, nothing passed over, one attempt that was answered. */
export function isPlain({ id, callId, outcome, trace }: Exchange): boolean {
  const [step, ...others] = trace.decisions
  return (
    outcome === 'ok' &&
    id === callId &&
    others.length === 0 &&
    trace.attempts.length === 1 &&
    trace.attempts[0]?.before === undefined &&
    step?.input.candidates.length === 1
  )
}

const longestName = 200

function costOf({ deployment, usage }: Exchange): number | null {
  const { inputCostPerToken, outputCostPerToken } = deployment?.params ?? {}
  if (inputCostPerToken === undefined && outputCostPerToken === undefined) return null
  return (
    (usage.promptTokens ?? 0) * (inputCostPerToken ?? 0) +
    (usage.completionTokens ?? 0) * (outputCostPerToken ?? 0)
  )
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
