import { nonsense } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import type { ModelRequest } from './provider.ts'
import { isList, textOf } from './read-json.ts'
import { secondsOf, type HeardWord } from './transcripts.ts'

/** Written without spaces: each token is a word there. */
const unspaced: ReadonlySet<string> = new Set([
  'chinese',
  'cantonese',
  'japanese',
  'thai',
  'lao',
  'myanmar',
  'khmer',
  'tibetan',
])

/** Words of a segment. What whisper.cpp calls so are tokens: those that begin with no space belong to the one before. */
export function wordsOf(
  tokens: unknown,
  language: string | undefined,
  request: ModelRequest,
): readonly HeardWord[] {
  const words: { word: string; start: number; end: number }[] = []
  const isSpaced = !unspaced.has(language ?? '')
  for (const token of isList(tokens) ? tokens : []) {
    const text = isObject(token) ? textOf(token.word) : undefined
    if (!isObject(token) || text === undefined) throw nonsense('a word has no text', request.model)
    const start = secondsOf(token.start ?? 0, request)
    const end = secondsOf(token.end ?? 0, request)
    const last = words.at(-1)
    const isPart = (isSpaced && !/^\s/.test(text)) || /^\p{P}+$/u.test(text)
    if (last && isPart) {
      last.word += text
      last.end = end
    } else words.push({ word: text, start, end })
  }
  return words
    .map((word) => ({ ...word, word: word.word.trim() }))
    .filter(({ word }) => word !== '')
}
