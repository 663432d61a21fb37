import type { Pool } from 'pg'
import type { UsageRow } from '../accounting/usage.ts'
import { inTransaction, timed } from './transaction.ts'

const timeoutMs = 5000

/** Stores rows, each as `toLine` wrote it, and adds them to the sums by day; those stored already are passed over. */
export async function addSpendLogs(pool: Pool, lines: readonly string[]): Promise<void> {
  const statement = timed(addThem, [lines.join(',')], timeoutMs)
  await inTransaction(pool, timeoutMs, (client) => client.query(statement))
}

// The server puts the brackets on: here they would cost a copy of the whole text.
const addThem = `select colonnade.add_spend(('[' || $1::text || ']')::json)`

/** A usage row as one line of JSON, fit for the table: counts in range, texts short and storable. */
export function toLine(row: UsageRow): string {
  const { usage } = row
  // By hand: every request pays for it, and a serialiser takes twice as long over its thirty members.
  return (
    `{"started_at_ms":${within(row.startedAtMs, Number.MAX_SAFE_INTEGER)},"id":${JSON.stringify(row.id)}` +
    counted('prompt_tokens', usage.promptTokens) +
    counted('completion_tokens', usage.completionTokens) +
    counted('total_tokens', usage.totalTokens) +
    counted('cached_tokens', usage.cachedTokens) +
    counted('reasoning_tokens', usage.reasoningTokens) +
    counted('images', usage.images) +
    counted('characters', usage.characters) +
    (Number.isFinite(usage.audioSeconds) ? `,"audio_seconds":${usage.audioSeconds}` : '') +
    counted('cost_nano', row.costNano) +
    `,"duration_ms":${within(row.durationMs, largestInteger)}` +
    (row.firstByteMs === undefined
      ? ''
      : `,"first_byte_ms":${within(row.firstByteMs, largestInteger)}`) +
    `,"status":${within(row.status, 32_767)},"attempts":${within(row.attempts, 32_767)},"is_stream":${row.isStream}` +
    namesIn(row) +
    (row.endUser === undefined ? '' : `,"end_user":${quote(row.endUser)}`) +
    (row.tags === undefined
      ? ''
      : `,"tags":[${row.tags.slice(0, mostTags).map(quote).join(',')}]`) +
    '}'
  )
}

const largestInteger = 2_147_483_647
const longestText = 256
const mostTags = 32

// What an upstream claims is not always a number of things.
function counted(name: string, value: number | undefined): string {
  if (value === undefined || !(value >= 0)) return ''
  return `,"${name}":${within(value, Number.MAX_SAFE_INTEGER)}`
}

function within(value: number, largest: number): number {
  return Math.min(Math.max(Math.round(value) || 0, 0), largest)
}

type Names = Pick<
  UsageRow,
  | 'module'
  | 'endpoint'
  | 'model'
  | 'deploymentId'
  | 'provider'
  | 'upstreamModel'
  | 'caller'
  | 'userId'
  | 'teamId'
  | 'outcome'
>

/** The last names of a deployment and a caller, which are mostly those of the next row. */
const written = new Map<string | undefined, Map<string, { names: Names; text: string }>>()
const mostWritten = 1000
let countWritten = 0

function namesIn(row: UsageRow): string {
  const known = written.get(row.deploymentId)?.get(row.caller)
  if (known && areSame(known.names, row)) return known.text
  // Joined, and not added: a sum of texts would be put together anew for each row.
  const text = [
    named('module', row.module),
    named('endpoint', row.endpoint),
    named('model', row.model),
    named('deployment_id', row.deploymentId),
    named('provider', row.provider),
    named('upstream_model', row.upstreamModel),
    named('caller', row.caller),
    named('user_id', row.userId),
    named('team_id', row.teamId),
    named('outcome', row.outcome),
  ].join('')
  if (text.length <= longestKept) keep(row, text)
  return text
}

const longestKept = 2000

function areSame(one: Names, other: Names): boolean {
  return (
    one.model === other.model &&
    one.outcome === other.outcome &&
    one.endpoint === other.endpoint &&
    one.upstreamModel === other.upstreamModel &&
    one.provider === other.provider &&
    one.userId === other.userId &&
    one.teamId === other.teamId &&
    one.module === other.module
  )
}

function keep(row: UsageRow, text: string): void {
  const { module, endpoint, model, deploymentId, provider, upstreamModel, caller } = row
  const { userId, teamId, outcome } = row
  if (countWritten >= mostWritten) {
    written.clear()
    countWritten = 0
  }
  let callers = written.get(deploymentId)
  if (!callers) written.set(deploymentId, (callers = new Map()))
  if (!callers.has(caller)) countWritten += 1
  const names = { module, endpoint, model, deploymentId, provider, upstreamModel, caller }
  callers.set(caller, { names: { ...names, userId, teamId, outcome }, text })
}

function named(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${quote(text)}`
}

// Postgres stores neither U+0000 nor half a surrogate pair.
function quote(text: string): string {
  const short = text.length > longestText ? text.slice(0, longestText) : text
  const isStorable = short.isWellFormed() && !short.includes('\0')
  return JSON.stringify(isStorable ? short : short.toWellFormed().replaceAll('\0', '\uFFFD'))
}
