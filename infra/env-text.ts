const assignment =
  /^[ \t\uFEFF]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([^\r\n]*?))[ \t]*(?:(?<=[ \t"'=])#[^\r\n]*)?\r?$/gm

/** The values of a `.env` text, as shells and dotenv read it; the last of a name wins. */
export function parseEnvText(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [, name = '', double, single, bare = ''] of text.matchAll(assignment))
    values[name] = double === undefined ? (single ?? bare) : unescape(double)
  return values
}

/** The text with a value for a name: in its empty line where it has one, else in a new last line. */
export function withValue(text: string, name: string, value: string): string {
  const empty = new RegExp(
    `^([ \\t\uFEFF]*(?:export[ \\t]+)?${name}[ \\t]*=)[ \\t]*(?:""|'')?[ \\t]*(\\r?)$`,
    'm',
  )
  if (empty.test(text))
    return text.replace(empty, (_, before: string, end: string) => before + value + end)
  return withLine(text, `${name}=${value}`)
}

/** The text with one more line, ended the way the others are. */
export function withLine(text: string, line: string): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const before = text === '' || text.endsWith('\n') ? text : `${text}${end}`
  return `${before}${line}${end}`
}

function unescape(text: string): string {
  return text.replaceAll(
    /\\(.)/gs,
    (_, sign: string) => ({ n: '\n', r: '\r', t: '\t' })[sign] ?? sign,
  )
}
