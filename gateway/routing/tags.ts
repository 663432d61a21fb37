import type { CandidateFacts, DecisionInput } from './decision.ts'

const forTheUntagged = 'default'

/**
 * Whether a request with these tags may go there, as LiteLLM has it: `&eu` must be on the deployment, `!paid` must
 * not, and of the plain ones any, or all, must. Where plain ones are asked for and no deployment has them, and
 * where none are asked for, those tagged `default` take the request; without any such, the untagged goes anywhere.
 * It is about what a caller may use, so one that rests or is used up still keeps others from standing in for it.
 */
export function isWithinTags(candidate: CandidateFacts, input: DecisionInput): boolean {
  const { request, candidates } = input
  if (!keepsConditions(candidate, request.tags)) return false
  const isAskingPlainly = request.tags.some(isPlain)
  if (isAskingPlainly) {
    if (hasPlainTags(candidate, input)) return true
    return isDefault(candidate) && !candidates.some((one) => isMatch(one, input))
  }
  if (request.tags.some((tag) => tag.startsWith('&') && tag.length > 1)) return true
  return isDefault(candidate) || !candidates.some((one) => one.speaks && isDefault(one))
}

function isMatch(candidate: CandidateFacts, input: DecisionInput): boolean {
  return (
    candidate.speaks &&
    keepsConditions(candidate, input.request.tags) &&
    hasPlainTags(candidate, input)
  )
}

function isDefault({ traits }: CandidateFacts): boolean {
  return traits.tags.includes(forTheUntagged)
}

function keepsConditions({ traits }: CandidateFacts, tags: readonly string[]): boolean {
  for (const tag of tags) {
    if (tag.length === 1) continue
    if (tag.startsWith('&') && !traits.tags.includes(tag.slice(1))) return false
    if (tag.startsWith('!') && traits.tags.includes(tag.slice(1))) return false
  }
  return true
}

function hasPlainTags({ traits }: CandidateFacts, { request, rules }: DecisionInput): boolean {
  const plain = request.tags.filter(isPlain)
  const has = (tag: string): boolean => traits.tags.includes(tag)
  return rules.isTagMatchAny ? plain.some(has) : plain.every(has)
}

function isPlain(tag: string): boolean {
  return !tag.startsWith('&') && !tag.startsWith('!')
}
