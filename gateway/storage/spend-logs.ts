import type { Pool } from 'pg'
import type { UsageRow } from '../accounting/usage.ts'
import { inTransaction, timed } from './transaction.ts'

const timeoutMs = 5000

/** Stores rows, each as `toLine` wrote it, and adds them to the sums by day; those stored already are passed over. */
export async function addSpendLogs(pool: Pool, lines: readonly string[]): Promise<void> {
  const statement = timed('select colonnade.add_spend($1)', [`[${lines.join(',')}]`], timeoutMs)
  await inTransaction(pool, timeoutMs, (client) => client.query(statement))
}

/** A usage row as one line of JSON, fit for the table: counts in range, texts short and storable. */
export function toLine(row: UsageRow): string {
  const { usage } = row
  return JSON.stringify({
    started_at_ms: Math.round(row.startedAtMs),
    id: row.id,
    prompt_tokens: count(usage.promptTokens),
    completion_tokens: count(usage.completionTokens),
    total_tokens: count(usage.totalTokens),
    cached_tokens: count(usage.cachedTokens),
    reasoning_tokens: count(usage.reasoningTokens),
    images: count(usage.images),
    characters: count(usage.characters),
    audio_seconds: usage.audioSeconds,
    cost_nano: count(row.costNano),
    duration_ms: within(row.durationMs, 2_147_483_647),
    first_byte_ms:
      row.firstByteMs === undefined ? undefined : within(row.firstByteMs, 2_147_483_647),
    status: within(row.status, 32_767),
    attempts: within(row.attempts, 32_767),
    is_stream: row.isStream,
    module: text(row.module),
    endpoint: text(row.endpoint),
    model: text(row.model),
    deployment_id: text(row.deploymentId),
    provider: text(row.provider),
    upstream_model: text(row.upstreamModel),
    caller: text(row.caller),
    user_id: text(row.userId),
    team_id: text(row.teamId),
    end_user: text(row.endUser),
    tags: row.tags?.slice(0, mostTags).map(text),
    outcome: text(row.outcome),
  })
}

const longestText = 256
const mostTags = 32

// Postgres stores neither U+0000 nor half a surrogate pair.
function text(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const short = value.length > longestText ? value.slice(0, longestText) : value
  const isStorable = short.isWellFormed() && !short.includes('\0')
  return isStorable ? short : short.toWellFormed().replaceAll('\0', '\uFFFD')
}

// What an upstream claims is not always a number of things.
function count(value: number | undefined): number | undefined {
  return value === undefined || !(value >= 0) ? undefined : within(value, Number.MAX_SAFE_INTEGER)
}

function within(value: number, largest: number): number {
  return Math.min(Math.max(Math.round(value) || 0, 0), largest)
}
