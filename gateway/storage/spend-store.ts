import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
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

const away =
  'What was spent cannot be read: the database is away or not configured. `GET /health/readiness` says which; ask again.'

/** What was used and spent, as Postgres has it: a second or two behind. All throw `storage_unavailable`. */
export class SpendStore {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Sums of days, told apart by parts. */
  sum(by: readonly SpendPart[], filter: SpendFilter, most?: number): Promise<readonly SpendSum[]> {
    return ask(this.#connection, away, (pool) => sumSpend(pool, by, filter, most))
  }

  /** Sums by tag or by customer. */
  sumNamed(kind: 'tag' | 'customer', filter: NamedFilter): Promise<readonly NamedSum[]> {
    return ask(this.#connection, away, (pool) => sumNamed(pool, kind, filter))
  }

  /** Billionths of a US dollar by id; who spent nothing is not among them. */
  spendOf(kind: SpenderKind, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return ask(this.#connection, away, (pool) => findSpend(pool, kind, ids))
  }

  /** A page of single exchanges, the newest first. */
  findRows(
    filter: RowFilter,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly SpendRow[]> {
    return ask(this.#connection, away, (pool) => findSpendRows(pool, filter, page))
  }

  countRows(filter: RowFilter): Promise<number> {
    return ask(this.#connection, away, (pool) => countSpendRows(pool, filter))
  }

  keyLabels(ids: readonly string[]): Promise<ReadonlyMap<string, KeyLabel>> {
    return ask(this.#connection, away, (pool) => findKeyLabels(pool, ids))
  }

  teamAliases(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return ask(this.#connection, away, (pool) => findTeamAliases(pool, ids))
  }
}
