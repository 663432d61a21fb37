import type { HeardSegment, HeardWord } from './transcripts.ts'

/** A word with what stands between it and the one before. */
export interface SpacedWord extends HeardWord {
  readonly before: string
  readonly speaker?: string | undefined
}

const longestPauseSeconds = 1
const longestSeconds = 12
const mostCharacters = 100

/** Words as segments fit to be read: ended by a sentence's end, a pause, another speaker, or their length. */
export function segmentsOf(words: readonly SpacedWord[]): readonly HeardSegment[] {
  const segments: HeardSegment[] = []
  let open: SpacedWord[] = []
  for (const word of words) {
    if (open.length > 0 && isNext(open, word)) {
      segments.push(joined(open))
      open = []
    }
    open.push(word)
  }
  return open.length > 0 ? [...segments, joined(open)] : segments
}

function isNext(open: readonly SpacedWord[], next: SpacedWord): boolean {
  const first = open[0]
  const last = open.at(-1)
  if (!first || !last) return false
  const length = open.reduce((sum, { word, before }) => sum + word.length + before.length, 0)
  return (
    /[.!?…。！？]["'”’)]?$/u.test(last.word) ||
    next.start - last.end > longestPauseSeconds ||
    next.speaker !== last.speaker ||
    next.end - first.start > longestSeconds ||
    length + next.word.length > mostCharacters
  )
}

function joined(words: readonly SpacedWord[]): HeardSegment {
  const text = words.map(({ word, before }) => before + word).join('')
  return { text: text.trim(), start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0 }
}
