/** Whether a parsed value is a JSON object, and not a list or null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of a parsed value; undefined where it has none. */
export function fieldOf(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined
}
