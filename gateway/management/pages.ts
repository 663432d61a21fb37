import type { Page } from '../storage/row-text.ts'
import type { Query } from './query.ts'

/** A page by its number, from 1 on. */
export interface NumberedPage extends Page {
  readonly number: number
}

interface Sizes {
  /** Names of the parameter. */
  readonly sizes: readonly string[]
  readonly usual: number
  readonly most: number
}

export function pageOf(query: Query, { sizes, usual, most }: Sizes): NumberedPage {
  const named = sizes.find((name) => query.text(name) !== undefined)
  const limit = named === undefined ? usual : query.whole(named, usual, [1, most])
  const number = query.whole('page', 1, [1, 1_000_000])
  return { number, limit, offset: (number - 1) * limit }
}

/** What a list says of its pages, as `/key/list` does. */
export function pagesOf({ number, limit }: NumberedPage, total: number, name: string) {
  return { [name]: total, current_page: number, total_pages: Math.ceil(total / limit) }
}

/** `sort_by` and `sort_order`: without them the newest first. */
export function orderOf(query: Query, names: readonly string[]) {
  const by = query.oneOf('sort_by', names) ?? 'created_at'
  return { by, isAscending: query.oneOf('sort_order', ['asc', 'desc']) === 'asc' }
}
