import { isObject } from '../../modules/json-object.ts'
import { isList, textOf, type Fields } from './read-fields.ts'

const mark = 'chat1.'

/** What a model must be given back with its next turn, as the `encrypted_content` callers keep unread. */
export function sealThoughts(blocks: readonly Fields[]): string {
  return mark + Buffer.from(JSON.stringify(blocks)).toString('base64url')
}

/** The blocks of a sealed text; none where another server sealed it. */
export function openThoughts(sealed: unknown): readonly Fields[] {
  const text = textOf(sealed) ?? ''
  if (!text.startsWith(mark)) return []
  try {
    const blocks: unknown = JSON.parse(
      Buffer.from(text.slice(mark.length), 'base64url').toString('utf8'),
    )
    return isList(blocks) ? blocks.filter(isObject) : []
  } catch {
    return []
  }
}

/** Adds a streamed piece: pieces of a thought go on until one brings the signature. */
export function addThought(blocks: Fields[], piece: Fields): void {
  const last = blocks.at(-1)
  const goesOn =
    piece.type === 'thinking' && last?.type === 'thinking' && last.signature === undefined
  if (!goesOn) {
    blocks.push(piece)
    return
  }
  const thinking = (textOf(last.thinking) ?? '') + (textOf(piece.thinking) ?? '')
  blocks[blocks.length - 1] = { ...last, ...piece, thinking }
}
