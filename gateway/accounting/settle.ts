import type { CallerUse } from '../limits/caller-gate.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { OpenAdmission } from './admission-journal.ts'
import { chargeExchange } from './charge.ts'
import type { UsageRow } from './usage.ts'

export interface Ledger {
  /** Must not throw nor wait. */
  recordUsage(row: UsageRow): void
  /** The same of one whose holds stand in the journal. */
  recordCharged(row: UsageRow, open: OpenAdmission, shares: readonly number[]): void
  countExchange(exchange: Exchange, endedAt: number): void
}

/** Ends an exchange once, whatever its end was: its row is written, its numbers are counted. */
export function settle(exchange: Exchange, endedAt: number, ledger: Ledger): void {
  if (!exchange.claimSettlement()) return
  exchange.cost ??= chargeExchange(exchange, endedAt)
  // What limits were spent and what the row says are the same numbers.
  const { admission, journalled } = exchange
  const use = admission && useOf(exchange)
  const shares = journalled && use ? admission.shares(use) : []
  if (use) admission.settle(use)
  // It holds bytes of the file, and the exchange may be kept to be explained.
  exchange.sound = undefined
  ledger.countExchange(exchange, endedAt)
  const { areSpendLogsDisabled } = exchange.serving.module.general
  if (areSpendLogsDisabled) journalled?.end(shares, undefined)
  else if (journalled) ledger.recordCharged(rowOf(exchange, endedAt), journalled, shares)
  else ledger.recordUsage(rowOf(exchange, endedAt))
}

function useOf({ usage, cost, wasSent, hasAnswerBegun }: Exchange): CallerUse {
  const { promptTokens, completionTokens, totalTokens } = usage
  const counted =
    totalTokens ??
    (promptTokens === undefined && completionTokens === undefined
      ? undefined
      : (promptTokens ?? 0) + (completionTokens ?? 0))
  // An upstream that refused has used nothing; of one that answered without a count nobody knows.
  return { tokens: counted ?? (hasAnswerBegun ? undefined : 0), nano: cost?.total, wasSent }
}

function rowOf(exchange: Exchange, endedAt: number): UsageRow {
  const { deployment } = exchange
  return {
    id: exchange.id,
    module: exchange.serving.module.name,
    endpoint: exchange.endpoint.shown?.name ?? exchange.endpoint.name,
    model: exchange.group,
    deploymentId: deployment?.id,
    provider: deployment?.provider.name,
    upstreamModel: exchange.upstreamModel || deployment?.target.model,
    caller: exchange.caller.id,
    userId: exchange.caller.access?.userId,
    teamId: exchange.caller.access?.teamId,
    endUser: exchange.endUser,
    tags: exchange.tags,
    status: exchange.status,
    outcome: exchange.outcome ?? 'internal_error',
    isStream: exchange.isStream,
    attempts: exchange.attempts,
    startedAtMs: exchange.startedAtMs,
    durationMs: endedAt - exchange.startedAt,
    firstByteMs: exchange.firstByteMs,
    usage: exchange.usage,
    costNano: exchange.cost?.total,
  }
}
