/** Entries by key, with nothing inherited: a look-up by a caller's word finds what was put in and nothing else. */
export function tableOf<Value>(
  entries: Iterable<readonly [string, Value]>,
): Readonly<Record<string, Value>> {
  const table: Record<string, Value> = {}
  Object.setPrototypeOf(table, null)
  for (const [key, value] of entries) table[key] = value
  return table
}
