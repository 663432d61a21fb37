import type { Pool, QueryConfig } from 'pg'
import { timed } from './transaction.ts'

/** What runs statements: a pool, or one client in a transaction. */
export type Queries = Pick<Pool, 'query'>

/** What people have set, by LiteLLM's names. */
export type SettingsJson = Readonly<Record<string, unknown>>

const timeoutMs = 5000

/** A statement about accounts, waited for no longer than a few seconds. */
export function statement(text: string, values: unknown[] = []): QueryConfig {
  return timed(text, values, timeoutMs)
}

/** A time as ISO 8601 in UTC, under a name. */
export function isoOf(column: string, name: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "${name}"`
}

/** When and by whom a row was made and changed. */
export interface RowHistory {
  readonly createdAt: string
  readonly createdBy: string | null
  readonly updatedAt: string
  readonly updatedBy: string | null
}

/** The columns of a row's history. */
export function historyOf(table: string): string {
  return [
    isoOf(`${table}.created_at`, 'createdAt'),
    `${table}.created_by as "createdBy"`,
    isoOf(`${table}.updated_at`, 'updatedAt'),
    `${table}.updated_by as "updatedBy"`,
  ].join(', ')
}

/** A pattern for `ilike` that finds this text anywhere. */
export function anywhere(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
}

/** One page of a list. */
export interface Page {
  readonly offset: number
  readonly limit: number
}

/** The rows of a page, and how many there are in all. */
export interface Listed<Row> {
  readonly rows: readonly Row[]
  readonly total: number
}
