import { isObject } from '../../modules/json-object.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/**
 * Thoughts as they are sent back: those with a signature, and hidden ones. Pieces of a stream that a caller has only
 * put in a row are one thought, up to the signature that ends it.
 */
export function thoughtsOf(thoughts: unknown, path: string): readonly JsonObject[] {
  if (!isGiven(thoughts)) return []
  if (!isList(thoughts)) throw invalid(path, 'must be a list.')
  const whole: JsonObject[] = []
  let begun = ''
  thoughts.forEach((thought, index) => {
    if (!isObject(thought)) throw invalid(`${path}[${index}]`, 'must be an object with a type.')
    const thinking = begun + (textOf(thought.thinking) ?? '')
    const isEnd = thought.type !== 'thinking' || isSigned(thought)
    begun = isEnd ? '' : thinking
    if (isEnd) whole.push(thought.type === 'thinking' ? { ...thought, thinking } : thought)
  })
  return whole
}

/** Whether a message holds thoughts that can be sent back. */
export function hasThoughts({ thinking_blocks: thoughts }: JsonObject): boolean {
  return (
    isList(thoughts) &&
    thoughts.some((one) => isObject(one) && (isSigned(one) || one.type === 'redacted_thinking'))
  )
}

/** Whether a block is a thought that nobody has signed: another server's, which Anthropic refuses. */
export function isForeignThought(block: unknown): boolean {
  return isObject(block) && block.type === 'thinking' && !isSigned(block)
}

function isSigned({ signature }: JsonObject): boolean {
  return typeof signature === 'string' && signature !== ''
}
