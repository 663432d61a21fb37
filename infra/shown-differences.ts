import type { Difference } from './write-folder.ts'

const mostFiles = 10
const mostLines = 6

/** What `--check` prints, of paths below the root: nothing to do, or a short diff and what to run. */
export function shownDifferences(differences: readonly Difference[], total: number): string[] {
  if (differences.length === 0)
    return [`k8s/, components/ and overlays/ are what the modules say: ${total} files.`]
  const more = differences.length - mostFiles
  return [
    ...differences.slice(0, mostFiles).flatMap(shown),
    ...(more > 0 ? [`… and ${more} more`] : []),
    'This is not what the modules say. Run `npm run synth` and commit k8s/, components/ and overlays/.',
  ]
}

function shown({ path, found, wanted }: Difference): string[] {
  if (found === undefined) return [`${path}: missing`]
  if (wanted === undefined) return [`${path}: nothing asks for it any more`]
  return [`${path}:`, ...changedLines(found.split('\n'), wanted.split('\n'))]
}

/** The lines between the first and the last that differ. */
function changedLines(found: readonly string[], wanted: readonly string[]): string[] {
  const shorter = Math.min(found.length, wanted.length)
  let before = 0
  while (before < shorter && found[before] === wanted[before]) before += 1
  let after = 0
  while (after < shorter - before && found.at(-1 - after) === wanted.at(-1 - after)) after += 1
  return [
    ...cut(found.slice(before, found.length - after), `  ${before + 1} -`),
    ...cut(wanted.slice(before, wanted.length - after), `  ${before + 1} +`),
  ]
}

function cut(lines: readonly string[], sign: string): string[] {
  const shownLines = lines.slice(0, mostLines).map((line) => `${sign} ${line}`)
  return lines.length > mostLines
    ? [...shownLines, `${sign} … ${lines.length - mostLines} more`]
    : shownLines
}
