import { createNameMatcher, type NameMatcher } from '../../modules/name-pattern.ts'
import type { ModelGroup } from './router.ts'

/** A model name with stars, each of which catches any text. */
export interface Pattern {
  readonly group: ModelGroup
  readonly match: NameMatcher
}

/** Patterns among the group names, the most specific (longest) first. A bare `*` is no pattern but the last resort. */
export function createPatterns(groups: ReadonlyMap<string, ModelGroup>): Pattern[] {
  const names = [...groups.keys()].filter((name) => name.includes('*') && name !== '*')
  names.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  return names.flatMap((name) => {
    const group = groups.get(name)
    return group ? [{ group, match: createNameMatcher(name) }] : []
  })
}

/**
 * The upstream's model name: captures take the place of its stars; without stars it stands as it is. `exchangeModel`
 * is the name the caller asked for, which after an alias or a fallback is not the one that found the group.
 */
export function fillWildcard(
  upstreamModel: string,
  group: ModelGroup,
  exchangeModel: string,
): string {
  if (!upstreamModel.includes('*')) return upstreamModel
  const asked = group.asked ?? exchangeModel
  const captures = group.captures.length === 0 ? [asked] : group.captures
  const pieces = upstreamModel.split('*')
  if (captures.length > pieces.length - 1) return asked
  return pieces
    .map((piece, index) => piece + (index < pieces.length - 1 ? (captures[index] ?? '') : ''))
    .join('')
}
