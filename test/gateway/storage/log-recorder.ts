import type { Log } from '../../../gateway/storage/log.ts'

/** A log that remembers its lines: `warn database not connected: timed out {…}`. */
export function createLogRecorder(): Log & {
  readonly lines: string[]
  matching(part: string): string[]
} {
  const lines: string[] = []
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  }
  return {
    lines,
    matching: (part) => lines.filter((line) => line.includes(part)),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}
