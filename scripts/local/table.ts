/** Columns as wide as their widest cell; the last one breaks to the width of the screen. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lastStart = widths.slice(0, -1).reduce((sum, cell) => sum + cell + 2, 0)
  const room = Math.max(width - lastStart, 24)
  return all.map((row) => formatRow(row, widths, { lastStart, room })).join('\n')
}

function formatRow(
  row: readonly string[],
  widths: readonly number[],
  last: { readonly lastStart: number; readonly room: number },
): string {
  const start = row.slice(0, -1).map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
  const lines = breakWords(row.at(-1) ?? '', last.room)
  return [
    start.join('') + (lines[0] ?? ''),
    ...lines.slice(1).map((line) => ' '.repeat(last.lastStart) + line),
  ]
    .map((line) => line.trimEnd())
    .join('\n')
}

function breakWords(text: string, room: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
