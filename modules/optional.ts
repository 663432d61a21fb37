/** `{key: value}`, or nothing where there is no value. */
export function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [name in Key]?: Value } {
  const entry: { [name in Key]?: Value } = {}
  if (value !== undefined) entry[key] = value
  return entry
}

/** Milliseconds of a number of seconds. */
export function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}
