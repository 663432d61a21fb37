import type { Pool } from 'pg'
import { timed } from './transaction.ts'

/** An explanation on its way to the table. */
export interface ExplanationRow {
  readonly id: string
  readonly callId: string
  readonly module: string
  /** JSON. */
  readonly explanation: string
}

const timeoutMs = 5000

/** Stores explanations, all in one statement. */
export async function addExplanations(pool: Pool, rows: readonly ExplanationRow[]): Promise<void> {
  await pool.query(
    timed(
      `insert into colonnade.explanations (id, call_id, module, explanation)
       select * from unnest($1::uuid[], $2::text[], $3::text[], $4::json[])`,
      [
        rows.map(({ id }) => id),
        rows.map(({ callId }) => callId),
        rows.map(({ module }) => module),
        rows.map(({ explanation }) => explanation),
      ],
      timeoutMs,
    ),
  )
}

/** The newest explanation of this module under an id or a call id, not older than an hour. */
export async function findExplanation(pool: Pool, module: string, id: string): Promise<unknown> {
  const column = isUuid(id) ? 'id = ($2::text)::uuid or call_id = $2::text' : 'call_id = $2::text'
  const { rows } = await pool.query<{ explanation: unknown }>(
    timed(
      `select explanation from colonnade.explanations
       where module = $1 and (${column}) and ended_at > now() - interval '1 hour'
       order by ended_at desc limit 1`,
      [module, id],
      timeoutMs,
    ),
  )
  return rows[0]?.explanation
}

/** What a usage row tells of an exchange that needed no explanation of its own. */
export async function explainByUsage(pool: Pool, module: string, id: string): Promise<unknown> {
  if (!isUuid(id)) return undefined
  const { rows } = await pool.query<{ explanation: unknown }>(
    timed(
      `select json_build_object(
         'id', id, 'call_id', id, 'module', module, 'endpoint', endpoint, 'model', model, 'group', model,
         'stream', is_stream, 'caller', caller, 'started_at', started_at, 'duration_ms', duration_ms,
         'first_byte_ms', first_byte_ms, 'outcome', outcome, 'status', status, 'deployment', deployment_id,
         'decisions', '[]'::json, 'fallbacks', '[]'::json, 'refused_by_budget', 0,
         'attempts', json_build_array(json_build_object('group', model, 'deployment', deployment_id,
           'durationMs', duration_ms, 'outcome', outcome, 'status', status)),
         'usage', json_build_object(
           'promptTokens', prompt_tokens, 'completionTokens', completion_tokens, 'totalTokens', total_tokens),
         'cost', cost_nano / 1e9,
         'note', 'It was answered at the first attempt; of how that was decided nothing more is kept.'
       ) as explanation
       from colonnade.spend_logs
       where module = $1 and id = ($2::text)::uuid and started_at > now() - interval '2 hours'
         and attempts = 1 and outcome = 'ok'`,
      [module, id],
      timeoutMs,
    ),
  )
  return rows[0]?.explanation
}

/** Deletes explanations older than an hour, some thousand at once. */
export async function removeOldExplanations(pool: Pool): Promise<void> {
  await pool.query(
    timed(
      `delete from colonnade.explanations where ctid = any(array(
         select ctid from colonnade.explanations where ended_at < now() - interval '1 hour' limit 20000))`,
      [],
      timeoutMs,
    ),
  )
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
