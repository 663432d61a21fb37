import { isObject } from '../../modules/json-object.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a JSON value is a list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** Whether a field says something: `null` and an absent field mean the same on the wire. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The text of a value, where it is one. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A count a server reports: whole and not negative, else undefined. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** A number, also where a form wrote it as text; NaN for anything else. */
export function numberFrom(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

/** Texts under one key of each object of a list: the names in a list of models. */
export function textsUnder(key: string, list: unknown): readonly string[] {
  if (!isList(list)) return []
  return list.flatMap((item) => {
    const text = isObject(item) ? textOf(item[key]) : undefined
    return text === undefined ? [] : [text]
  })
}

/** Only the fields that say something. Keeps a key named `__proto__` an ordinary key. */
export function givenFields(fields: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)))
}
