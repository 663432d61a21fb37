/** `{key: value}`, or nothing where there is no value. */
export function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [name in Key]?: Value } {
  const entry: { [name in Key]?: Value } = {}
  if (value !== undefined) entry[key] = value
  return entry
}
