import type { CallerHold } from '../limits/caller-gate.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { AdmissionJournal } from './admission-journal.ts'
import type { UsageRow } from './usage.ts'

/**
 * Writes down what an exchange holds of its caller's limits, and what it counts as should the process be killed: all
 * that it holds, for nobody would know how much of it was used. Throws GatewayError `storage_unavailable`.
 */
export function noteInJournal(exchange: Exchange, journal: AdmissionJournal): void {
  const { admission, journalled } = exchange
  const holds = admission?.holds() ?? []
  if (!admission || holds.length === 0) return
  const tokens = leastHeld(holds, 'tokens')
  // Every budget covers what was sent, so the least held of them does.
  const nano = leastHeld(holds, 'nano')
  const shares = admission.shares({ tokens, nano, wasSent: true })
  const { areSpendLogsDisabled } = exchange.serving.module.general
  const row = areSpendLogsDisabled ? undefined : lostRow(exchange, { tokens, nano })
  if (journalled) journalled.change(holds, shares, row)
  else exchange.journalled = journal.open(holds, shares, row)
}

function leastHeld(holds: readonly CallerHold[], unit: CallerHold['unit']): number | undefined {
  const held = new Map<string, number>()
  for (const hold of holds)
    if (hold.unit === unit) held.set(hold.key, (held.get(hold.key) ?? 0) + hold.amount)
  return held.size === 0 ? undefined : Math.min(...held.values())
}

function lostRow(
  { id, serving, endpoint, group, caller, endUser, tags, isStream, startedAtMs }: Exchange,
  { tokens, nano }: { tokens: number | undefined; nano: number | undefined },
): UsageRow {
  const { access } = caller
  return {
    id,
    module: serving.module.name,
    endpoint: endpoint.shown?.name ?? endpoint.name,
    model: group,
    caller: caller.id,
    userId: access?.userId,
    teamId: access?.teamId,
    endUser,
    tags,
    status: 500,
    outcome: 'process_killed',
    isStream,
    attempts: 0,
    startedAtMs,
    durationMs: 0,
    usage: { totalTokens: tokens },
    costNano: nano,
  }
}
