import type { ModelGroup } from './router.ts'

/** A model name with stars, each of which catches any text. */
export interface Pattern {
  readonly group: ModelGroup
  /** What the stars caught; undefined where the name does not fit. */
  match(model: string): readonly string[] | undefined
}

/** Patterns among the group names, the most specific (longest) first. A bare `*` is no pattern but the last resort. */
export function createPatterns(groups: ReadonlyMap<string, ModelGroup>): Pattern[] {
  const names = [...groups.keys()].filter((name) => name.includes('*') && name !== '*')
  names.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  return names.flatMap((name) => {
    const group = groups.get(name)
    return group ? [{ group, match: createMatcher(name) }] : []
  })
}

// Literal pieces are sought left to right: linear in the name, whatever the pattern, unlike a regular expression.
function createMatcher(pattern: string): (model: string) => readonly string[] | undefined {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop() ?? ''
  return (model) => {
    if (!model.startsWith(head) || !model.endsWith(tail)) return undefined
    const end = model.length - tail.length
    const captures: string[] = []
    let position = head.length
    for (const piece of rest) {
      const at = model.indexOf(piece, position)
      if (at < 0 || at + piece.length > end) return undefined
      captures.push(model.slice(position, at))
      position = at + piece.length
    }
    if (position > end) return undefined
    captures.push(model.slice(position, end))
    return captures
  }
}

/** The upstream's model name: captures take the place of its stars; without stars it stands as it is. */
export function fillWildcard(upstreamModel: string, group: ModelGroup, asked: string): string {
  if (!upstreamModel.includes('*')) return upstreamModel
  const captures = group.name === '*' ? [asked] : group.captures
  const pieces = upstreamModel.split('*')
  if (captures.length > pieces.length - 1) return asked
  return pieces
    .map((piece, index) => piece + (index < pieces.length - 1 ? (captures[index] ?? '') : ''))
    .join('')
}
