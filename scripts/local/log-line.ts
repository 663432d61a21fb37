const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** Fields that say nothing on one machine, or that the line begins with. */
const quiet = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'v', 'module', 'err'])

/** A gateway's log line as people read it: `12:01:33 warn message key=value`. Other text stays as it is. */
export function readableLine(line: string): string {
  const entry = parse(line)
  if (entry === undefined) return line
  const level = typeof entry['level'] === 'number' ? levels[entry['level']] : entry['level']
  const fields = Object.entries(entry)
    .filter(([name]) => !quiet.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const words = [clock(entry['time']), level, entry['msg'], causeOf(entry['err']), ...fields]
  return words.filter((word) => typeof word === 'string' && word !== '').join(' ')
}

/** Puts `•••` in the place of every secret, however it came into a line. */
export function createRedactor(secrets: () => Iterable<string>): (line: string) => string {
  return (line) => {
    let shown = line
    for (const secret of secrets()) {
      if (secret.length >= shortestSecret) shown = shown.replaceAll(secret, '•••')
    }
    return shown
  }
}

const shortestSecret = 8

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null && 'msg' in entry ? { ...entry } : undefined
  } catch {
    return undefined
  }
}

function clock(time: unknown): string {
  if (typeof time !== 'number' && typeof time !== 'string') return ''
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8)
}

function causeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return ''
  return `(${String(error.message)})`
}
