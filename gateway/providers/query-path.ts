import { invalid } from './dialect-limits.ts'
import { isGiven, isList, type JsonObject } from './read-json.ts'

/** A path with a query: lists say their name once for each value. */
export function queryPath(path: string, values: JsonObject): string {
  const query = Object.entries(values).flatMap(([name, value]) =>
    (isList(value) ? value : [value])
      .filter(isGiven)
      .map((one) => `${encode(name)}=${encode(wordOf(one, name))}`),
  )
  return query.length === 0 ? path : `${path}?${query.join('&')}`
}

function wordOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`
  throw invalid(name, 'must be a text, a number, true or false, or a list of those.')
}

// A lone half of a surrogate pair cannot be encoded.
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
