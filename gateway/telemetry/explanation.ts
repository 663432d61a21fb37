import type { EndpointName } from '../../modules/endpoints.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { AttemptStep, DecisionStep, Trace } from '../routing/trace.ts'
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
  readonly decisions: readonly DecisionStep[]
  readonly attempts: readonly AttemptStep[]
  readonly fallbacks: readonly Trace['fallbacks'][number][]
  readonly refused_by_budget: number
  /** Of a plain exchange, in place of decisions and attempts. */
  readonly note?: string
  readonly usage: Readonly<Record<string, number | string | boolean | undefined>>
  /** USD; null where the price is not known. */
  readonly cost: number | null
}

/** What is read of a settled exchange; without a trace it was plain. */
export interface Told extends Pick<
  Exchange,
  | 'id'
  | 'callId'
  | 'model'
  | 'group'
  | 'isStream'
  | 'startedAt'
  | 'startedAtMs'
  | 'firstByteMs'
  | 'upstreamMs'
  | 'deployment'
  | 'usage'
  | 'costNano'
  | 'outcome'
  | 'status'
> {
  readonly serving: { readonly generation: number; readonly module: { readonly name: string } }
  readonly endpoint: { readonly name: EndpointName; readonly shown?: { readonly name: string } }
  readonly caller: { readonly id: string }
  readonly trace: Trace | undefined
}

/** What is told of a settled exchange. The asked name is the caller's own text: it is cut, and shown to the master key alone. */
export function explain(told: Told, endedAt: number): Explanation {
  const { deployment, trace, serving, firstByteMs } = told
  return {
    id: told.id,
    call_id: told.callId,
    module: serving.module.name,
    endpoint: told.endpoint.shown?.name ?? told.endpoint.name,
    model: told.model.slice(0, longestName),
    group: told.group,
    stream: told.isStream,
    caller: told.caller.id,
    config_generation: serving.generation,
    started_at: new Date(told.startedAtMs).toISOString(),
    duration_ms: rounded(endedAt - told.startedAt),
    first_byte_ms: firstByteMs === undefined ? null : rounded(firstByteMs),
    outcome: told.outcome ?? 'internal_error',
    status: told.status,
    deployment: deployment?.id ?? null,
    ...(trace ? tracedIn(trace) : isPlain(told) ? plainly(told, endedAt) : untraced),
    usage: { ...told.usage },
    cost: told.costNano === undefined ? null : told.costNano / 1e9,
  }
}

function tracedIn({ decisions, attempts, fallbacks, refusedByBudget }: Trace) {
  return { decisions, attempts, fallbacks, refused_by_budget: refusedByBudget }
}

const untraced = { decisions: [], attempts: [], fallbacks: [], refused_by_budget: 0 } as const

/** The one attempt of a plain exchange, by what was kept of it: it ended with the exchange. */
function plainly(told: Told, endedAt: number) {
  const { deployment, upstreamMs = 0, firstByteMs, status } = told
  const atMs = endedAt - told.startedAt - upstreamMs
  const attempt: AttemptStep = {
    group: told.group,
    deployment: deployment?.id ?? '',
    atMs: rounded(atMs),
    queuedMs: 0,
    firstByteMs: firstByteMs === undefined ? undefined : rounded(Math.max(0, firstByteMs - atMs)),
    durationMs: rounded(upstreamMs),
    outcome: 'ok',
    status,
    before: undefined,
    after: undefined,
  }
  return {
    ...untraced,
    attempts: deployment ? [attempt] : [],
    note: 'One deployment stands behind this model, and it answered at the first attempt.',
  }
}

/** The explanation as a row, for the replicas that did not serve it. */
export function explanationRow(exchange: Exchange, endedAt: number): ExplanationRow {
  const told = explain(exchange, endedAt)
  return {
    id: told.id,
    callId: told.call_id,
    module: told.module,
    explanation: JSON.stringify(told),
  }
}

/** Whether there was nothing to decide: one deployment without limits, and it answered at the first attempt. */
export function isPlain({ outcome, trace }: Told): boolean {
  return outcome === 'ok' && trace === undefined
}

/** Whether its usage row tells all that an explanation would, under the id it is asked by. */
export function isInUsage(exchange: Exchange): boolean {
  const { id, callId, serving } = exchange
  return isPlain(exchange) && id === callId && !serving.module.general.areSpendLogsDisabled
}

const longestName = 200

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
