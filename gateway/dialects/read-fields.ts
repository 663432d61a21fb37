import { isObject } from '../../modules/json-object.ts'
import { invalid } from './refusals.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Whether a field says something: `null` and an absent field mean the same. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** Whether a JSON value is a list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** A text; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A list of objects, each with its place; an absent one is empty. Throws `invalid_request`. */
export function objectsIn(value: unknown, path: string): readonly (readonly [Fields, string])[] {
  if (!isGiven(value)) return []
  if (!Array.isArray(value)) throw invalid(path, 'must be a list.')
  return value.map((item: unknown, index) => {
    const at = `${path}[${index}]`
    if (!isObject(item)) throw invalid(at, 'must be an object.')
    return [item, at] as const
  })
}

/** A text that must be there. Throws `invalid_request`. */
export function textIn(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw invalid(path, 'must be a text.')
}

/** A count that a server tells; 0 where it tells none. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
