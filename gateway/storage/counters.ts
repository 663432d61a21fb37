import { randomUUID } from 'node:crypto'
import type { Ledger, LedgerAnswer, LedgerAsk } from '../limits/ledger.ts'
import type { Connection } from './connection.ts'
import type { Notices } from './notices.ts'
import { timed } from './transaction.ts'

export interface CounterLedgerOptions {
  readonly connection: Pick<Connection, 'pool' | 'wasConfigured' | 'suspect' | 'answered'>
  readonly notices: Pick<Notices, 'listen'>
  /** In whose name it tells and asks; unique to the process. */
  readonly owner?: string
  /** Called before the ledger is told or asked of anything. */
  readonly beforeTelling?: (asks: readonly LedgerAsk[]) => void
  /** Stands in for the server's clock, in tests. */
  readonly now?: () => number
}

interface AnswerRow {
  readonly key: string
  readonly starts_at: number
  readonly turn: number
  readonly is_stale: boolean
  readonly now: number
  readonly is_open: boolean
  readonly held: number
  readonly granted: number
  readonly amount: number
  readonly remaining: number
  readonly headroom: number
  readonly elsewhere: number
  readonly replicas: number
  readonly is_recalled: boolean
  readonly frees_at: number | null
}

/** Requests may wait for it. */
const timeoutMs = 1500
const sweepTimeoutMs = 5000

/** The ledger of counters in Postgres, as one process sees it. */
export function createCounterLedger(options: CounterLedgerOptions): Ledger {
  const { connection, notices, now, owner = randomUUID() } = options

  async function query<Row extends object>(sql: string, values: unknown[], withinMs: number) {
    const { pool } = connection
    if (!pool) throw new Error('Postgres is away')
    try {
      const { rows } = await pool.query<Row>(timed(sql, values, withinMs))
      connection.answered()
      return rows
    } catch (error) {
      connection.suspect()
      throw error
    }
  }

  return {
    state() {
      if (connection.pool) return 'there'
      return connection.wasConfigured ? 'away' : 'none'
    },
    async exchange(asks, ttlMs) {
      options.beforeTelling?.(asks)
      const rows = await query<{ answers: readonly AnswerRow[] }>(
        'select colonnade.exchange_counters($1, $2, $3, $4) as answers',
        [owner, ttlMs, JSON.stringify(asks.map(toRow)), now?.()],
        timeoutMs,
      )
      const answers = (rows[0]?.answers ?? []).map(toAnswer)
      return asks.map((ask) => answerTo(ask, answers))
    },
    async sweep() {
      await query('select colonnade.sweep_counters($1)', [now?.()], sweepTimeoutMs)
    },
    onRecall(listener) {
      return notices.listen('counters', (payload) => {
        const [asker, key] = splitOnce(payload)
        if (asker !== owner) listener(key)
      })
    },
  }
}

function toRow(ask: LedgerAsk): object {
  return {
    key: ask.key,
    starts_at: ask.startsAtMs,
    ends_at: ask.endsAtMs,
    step_ms: ask.stepMs,
    kept_ms: ask.keptMs,
    release_after_ms: ask.releaseAfterMs,
    amount: ask.amount,
    turn: ask.turn,
    used: ask.used,
    holds: ask.holds,
    reserved: ask.reserved,
    wants: ask.wants,
    needs: ask.needs,
    ahead: ask.ahead,
    learned: ask.learned?.remaining,
    learned_until: ask.learned && Math.ceil(ask.learned.untilMs),
  }
}

function toAnswer(row: AnswerRow): LedgerAnswer {
  return {
    key: row.key,
    startsAtMs: row.starts_at,
    turn: row.turn,
    isStale: row.is_stale,
    nowMs: row.now,
    isOpen: row.is_open,
    held: row.held,
    granted: row.granted,
    amount: row.amount,
    remaining: row.remaining,
    headroom: row.headroom,
    elsewhere: row.elsewhere,
    replicas: row.replicas,
    isRecalled: row.is_recalled,
    freesAtMs: row.frees_at ?? undefined,
  }
}

function answerTo(ask: LedgerAsk, answers: readonly LedgerAnswer[]): LedgerAnswer {
  const answer = answers.find(
    ({ key, startsAtMs }) => key === ask.key && startsAtMs === ask.startsAtMs,
  )
  if (!answer) throw new Error('the ledger left an ask without an answer')
  return answer
}

function splitOnce(text: string): readonly [string, string] {
  const index = text.indexOf(' ')
  return [text.slice(0, index), text.slice(index + 1)]
}
