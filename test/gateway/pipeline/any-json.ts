import fc from 'fast-check'

/** A JSON object as a caller may write it: any keys, any values, any spaces, keys escaped or not. */
export const anyObject = fc.dictionary(
  fc.oneof(
    fc.constantFrom('model', 'messages', 'stream', 'metadata', 'temperature', 'model ', 'Model'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 8 },
)

export const anySpace = fc.stringMatching(/^[ \n\r\t]{0,3}$/)

/** The object as text, with spaces wherever JSON allows them between members, and some keys escaped. */
export function written(object: object, spaces: readonly string[], escapes: boolean): string {
  let next = 0
  const space = (): string => spaces[next++ % Math.max(1, spaces.length)] ?? ''
  const members = Object.entries(object).map(([key, value]) => {
    const name = escapes ? escaped(key) : JSON.stringify(key)
    const text = next % 2 === 0 ? JSON.stringify(value) : JSON.stringify(value, null, 1)
    return `${space()}${name}${space()}:${space()}${text}${space()}`
  })
  return `${space()}{${members.length === 0 ? space() : members.join(',')}}${space()}`
}

function escaped(key: string): string {
  const units = Array.from({ length: key.length }, (_, at) => key.charCodeAt(at))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}
