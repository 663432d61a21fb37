import type { Caller } from '../auth/keyring.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Fallback } from '../pipeline/rooms.ts'
import { Histogram } from './histogram.ts'

/** Everything counted for exchanges that are alike: same model, deployment, caller, endpoint and end. */
export class ExchangeRow {
  readonly exchange: Exchange
  count = 0
  promptTokens = 0
  completionTokens = 0
  totalTokens = 0
  cachedTokens = 0
  reasoningTokens = 0
  images = 0
  /** Billionths of a dollar, and exchanges of which nobody knows the cost. */
  costNano = 0
  unpriced = 0
  readonly total = new Histogram()
  readonly upstream = new Histogram()
  readonly overhead = new Histogram()
  readonly firstByte = new Histogram()
  readonly queue = new Histogram()

  constructor(exchange: Exchange) {
    this.exchange = exchange
  }
}

/** Groups that were tried in place of others, alike in all that labels tell. */
export interface FallbackRow {
  readonly requested: string
  readonly to: string
  readonly caller: Caller
  /** Of the failure that led there. */
  readonly outcome: string
  readonly status: number
  readonly failedDeployment: string | undefined
  readonly isAnswered: boolean
  count: number
}

/** Retries of one group: made, or forbidden by the budget. */
export interface RetryRow {
  readonly group: string
  readonly isAllowed: boolean
  count: number
}

/** Attempts at one deployment that ended the same way: `ok` or an error code. */
export interface AttemptRow {
  readonly deployment: Deployment
  readonly group: string
  /** The group asked for: another one after a fallback. */
  readonly requested: string
  readonly caller: Caller
  readonly outcome: string
  readonly status: number
  count: number
}

const mostRows = 20_000

/**
 * The request path's whole share of telemetry: one look-up and a few additions an exchange. Every metric
 * family is a view on these rows, made when somebody scrapes.
 */
export class ExchangeRows {
  readonly rows = new Map<string, ExchangeRow>()
  readonly attempts = new Map<string, AttemptRow>()
  readonly fallbacks = new Map<string, FallbackRow>()
  readonly retries = new Map<string, RetryRow>()
  inFlight = 0
  begun = 0
  // Traffic repeats itself: the row of the last exchange is most often the row of this one.
  #lastRow: ExchangeRow | undefined
  #lastAttempt: AttemptRow | undefined

  /** Counts a settled exchange. Labels come from the exchange's bounded fields alone. */
  add(exchange: Exchange, endedAt: number): void {
    const row = this.#rowOf(exchange)
    if (!row) return
    const { usage } = exchange
    row.count += 1
    row.promptTokens += usage.promptTokens ?? 0
    row.completionTokens += usage.completionTokens ?? 0
    row.totalTokens += usage.totalTokens ?? 0
    row.cachedTokens += usage.cachedTokens ?? 0
    row.reasoningTokens += usage.reasoningTokens ?? 0
    row.images += usage.images ?? 0
    if (exchange.cost) row.costNano += exchange.cost.total
    else if (isUnpriced(exchange)) row.unpriced += 1
    const seconds = (endedAt - exchange.startedAt) / 1000
    row.total.observe(seconds)
    if (exchange.upstreamMs !== undefined) {
      row.upstream.observe(exchange.upstreamMs / 1000)
      row.overhead.observe(Math.max(0, seconds - exchange.upstreamMs / 1000))
    }
    if (exchange.isStream && exchange.firstByteMs !== undefined)
      row.firstByte.observe(exchange.firstByteMs / 1000)
    if (exchange.queuedMs !== undefined) row.queue.observe(exchange.queuedMs / 1000)
  }

  /** Counts one attempt at a deployment: `ok` or an error code, and the status that stands for it. */
  addAttempt(exchange: Exchange, deployment: Deployment, outcome: string, status: number): void {
    const row = this.#attemptOf(exchange, deployment, outcome, status)
    if (row) row.count += 1
  }

  /** Counts a group that was tried in place of one that failed. */
  addFallback(exchange: Exchange, { to, because, failed, isAnswered }: Fallback): void {
    const { group: requested, caller } = exchange
    const { code: outcome, status } = because
    const failedDeployment = failed?.id
    const key = `${requested}|${to}|${caller.id}|${outcome}|${status}|${failedDeployment}|${isAnswered}`
    const known = this.fallbacks.get(key)
    if (known) known.count += 1
    else if (this.fallbacks.size < mostRows) {
      const row = {
        requested,
        to,
        caller,
        outcome,
        status,
        failedDeployment,
        isAnswered,
      }
      this.fallbacks.set(key, { ...row, count: 1 })
    }
  }

  /** Counts a retry, made or forbidden by the budget. */
  addRetry(group: string, isAllowed: boolean): void {
    const key = `${isAllowed}|${group}`
    const known = this.retries.get(key)
    if (known) known.count += 1
    else if (this.retries.size < mostRows) this.retries.set(key, { group, isAllowed, count: 1 })
  }

  #attemptOf(
    { group: requested, currentGroup: group, caller }: Exchange,
    deployment: Deployment,
    outcome: string,
    status: number,
  ): AttemptRow | undefined {
    const last = this.#lastAttempt
    if (last?.deployment === deployment && last.outcome === outcome && last.status === status) {
      if (last.group === group && last.caller.id === caller.id && last.requested === requested)
        return last
    }
    const key = `${deployment.id}|${group}|${requested}|${caller.id}|${outcome}|${status}`
    let row = this.attempts.get(key)
    if (!row && this.attempts.size < mostRows) {
      row = { deployment, group, requested, caller, outcome, status, count: 0 }
      this.attempts.set(key, row)
    }
    this.#lastAttempt = row
    return row
  }

  #rowOf(exchange: Exchange): ExchangeRow | undefined {
    const last = this.#lastRow
    if (last && isAlike(last.exchange, exchange)) return last
    const deployment = exchange.deployment?.id ?? ''
    const { name, shown } = exchange.endpoint
    const key = `${shown?.route ?? name}|${exchange.group}|${deployment}|${exchange.caller.id}|${exchange.status}|${exchange.outcome}|${exchange.isStream}`
    let row = this.rows.get(key)
    if (!row && this.rows.size < mostRows) {
      row = new ExchangeRow(exchange)
      this.rows.set(key, row)
    }
    this.#lastRow = row
    return row
  }
}

function isUnpriced({ deployment, outcome }: Exchange): boolean {
  return outcome === 'ok' && deployment?.pricing !== undefined
}

function isAlike(a: Exchange, b: Exchange): boolean {
  return (
    a.deployment === b.deployment &&
    a.endpoint === b.endpoint &&
    a.status === b.status &&
    a.outcome === b.outcome &&
    a.isStream === b.isStream &&
    a.group === b.group &&
    a.caller.id === b.caller.id
  )
}
