import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import type { Queries } from './row-text.ts'
import { findKeyLabels, findTeamAliases, type KeyLabel } from './spend-labels.ts'
import { countSpendRows, findSpendRows, type RowFilter, type SpendRow } from './spend-rows.ts'
import {
  findSpend,
  sumNamed,
  sumSpend,
  type NamedFilter,
  type NamedSum,
  type SpenderKind,
  type SpendFilter,
  type SpendPart,
  type SpendSum,
} from './spend-sums.ts'
import { inTransaction } from './transaction.ts'
import { Turns } from './turns.ts'

/** Before the statement itself would no longer be waited for. */
const timeoutMs = 4500
const away =
  'What was spent cannot be read: the database is away or not configured. `GET /health/readiness` says which; ask again.'

/** What was used and spent, as Postgres has it: a second or two behind. All throw `storage_unavailable`. */
export class SpendStore {
  readonly #connection: Connection
  // Requests that are served need connections of the same pool.
  readonly #turns = new Turns({ most: 2, mostWaiting: 100 })

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Sums of days, told apart by parts. */
  sum(by: readonly SpendPart[], filter: SpendFilter, most?: number): Promise<readonly SpendSum[]> {
    return this.#ask((queries) => sumSpend(queries, by, filter, most))
  }

  /** Sums by tag or by customer. */
  sumNamed(kind: 'tag' | 'customer', filter: NamedFilter): Promise<readonly NamedSum[]> {
    return this.#ask((queries) => sumNamed(queries, kind, filter))
  }

  /** Billionths of a US dollar by id; who spent nothing is not among them. */
  spendOf(kind: SpenderKind, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#ask((queries) => findSpend(queries, kind, ids))
  }

  /** A page of single exchanges, the newest first. */
  findRows(
    filter: RowFilter,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly SpendRow[]> {
    return this.#ask((queries) => findSpendRows(queries, filter, page))
  }

  countRows(filter: RowFilter): Promise<number> {
    return this.#ask((queries) => countSpendRows(queries, filter))
  }

  keyLabels(ids: readonly string[]): Promise<ReadonlyMap<string, KeyLabel>> {
    return this.#ask((queries) => findKeyLabels(queries, ids))
  }

  teamAliases(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#ask((queries) => findTeamAliases(queries, ids))
  }

  // The server ends what takes too long: nobody waits for it any more.
  #ask<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#turns.take(() =>
      ask(this.#connection, away, (pool) => inTransaction(pool, timeoutMs, work)),
    )
  }
}
