/** Edits that turn one word into the other; a swap of two neighbouring letters is one edit. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      let edits = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      )
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        edits = Math.min(edits, at(beforeLast, column - 2) + 1)
      }
      current.push(edits)
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}

/** Longer words are compared by their beginning, so that a hostile name costs little. */
const longestCompared = 64

/** The known names a mistyped word may have meant, nearest first; none where nothing is near. */
export function nearestNames(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const asked = plain(word)
  if (asked === '') return []
  const near: { name: string; distance: number }[] = []
  for (const name of new Set(candidates)) {
    const distance = distanceBetween(asked, plain(name))
    if (distance !== undefined) near.push({ name, distance })
  }
  near.sort((a, b) => a.distance - b.distance || compareText(a.name, b.name))
  return near.slice(0, limit).map(({ name }) => name)
}

/** Undefined where the two are too far apart to be a slip of the pen. */
function distanceBetween(asked: string, known: string): number | undefined {
  if (known === '') return undefined
  const allowed = Math.min(4, Math.max(1, Math.floor(Math.max(asked.length, known.length) / 3)))
  const isPart =
    asked.length >= 3 && known.length >= 3 && (known.includes(asked) || asked.includes(known))
  if (Math.abs(asked.length - known.length) > allowed) return isPart ? allowed + 1 : undefined
  const distance = editDistance(asked, known)
  if (distance <= allowed) return distance
  return isPart ? allowed + 1 : undefined
}

function plain(word: string): string {
  return word
    .slice(0, longestCompared)
    .toLowerCase()
    .replaceAll(/[\s_./:-]+/g, '-')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
