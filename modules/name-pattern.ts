/** What the stars of a pattern catch in a name, left to right; undefined where the name does not fit. */
export type NameMatcher = (name: string) => readonly string[] | undefined

/**
 * A matcher of names with stars, each of which catches any text. Literal pieces are sought left to right:
 * linear in the name, whatever the pattern, unlike a regular expression.
 */
export function createNameMatcher(pattern: string): NameMatcher {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop() ?? ''
  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail)) return undefined
    const end = name.length - tail.length
    const captures: string[] = []
    let position = head.length
    for (const piece of rest) {
      const at = name.indexOf(piece, position)
      if (at < 0 || at + piece.length > end) return undefined
      captures.push(name.slice(position, at))
      position = at + piece.length
    }
    if (position > end) return undefined
    captures.push(name.slice(position, end))
    return captures
  }
}
