import { toDollars } from '../accounting/money.ts'
import type { SpendRow } from '../storage/spend-rows.ts'
import type { NamedSum, SpendSum } from '../storage/spend-sums.ts'

/** One exchange by LiteLLM's names; `metadata` holds what it has no name for. */
export function spendLogOf(row: SpendRow): Record<string, unknown> {
  return {
    request_id: row.id,
    call_type: row.endpoint,
    api_key: row.caller,
    spend: toDollars(row.costNano ?? 0),
    total_tokens: row.totalTokens ?? 0,
    prompt_tokens: row.promptTokens ?? 0,
    completion_tokens: row.completionTokens ?? 0,
    startTime: row.startedAt,
    endTime: row.endedAt,
    completionStartTime: row.firstByteAt ?? row.endedAt,
    request_duration_ms: row.durationMs,
    model: row.upstreamModel ?? row.model,
    model_id: row.deploymentId ?? '',
    model_group: row.model,
    custom_llm_provider: row.provider ?? '',
    user: row.userId ?? '',
    end_user: row.endUser ?? '',
    team_id: row.teamId,
    request_tags: row.tags ?? [],
    status: row.outcome === 'ok' ? 'success' : 'failure',
    cache_hit: 'False',
    metadata: {
      module: row.module,
      outcome: row.outcome,
      status_code: row.status,
      attempts: row.attempts,
      stream: row.isStream,
      is_priced: row.costNano !== null,
      cached_tokens: row.cachedTokens ?? 0,
      reasoning_tokens: row.reasoningTokens ?? 0,
      ...(row.images !== null && { images: row.images }),
      ...(row.characters !== null && { characters: row.characters }),
      ...(row.audioSeconds !== null && { audio_seconds: row.audioSeconds }),
    },
  }
}

/** What reports by day count, by LiteLLM's names. */
export function metricsOf(sum: SpendSum | NamedSum): Record<string, number> {
  const cached = 'cachedTokens' in sum ? sum.cachedTokens : 0
  return {
    spend: toDollars(sum.costNano),
    prompt_tokens: sum.promptTokens,
    completion_tokens: sum.completionTokens,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: 0,
    total_tokens: sum.totalTokens,
    successful_requests: sum.successes,
    failed_requests: sum.requests - sum.successes,
    api_requests: sum.requests,
  }
}

/** The sums of several, by name. */
export function addMetrics(
  into: Record<string, number>,
  more: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(more)) into[name] = (into[name] ?? 0) + value
}
