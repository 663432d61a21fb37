import { createRedactor } from './log-line.ts'

/** Where everything a local fleet says goes: marked, without secrets, and calm when nobody reads. */
export interface Output {
  /** A sentence of our own, or several lines. */
  readonly say: (text: string) => void
  /** A line of a module's gateway. */
  readonly sayFor: (module: string, line: string) => void
}

export interface OutputOptions {
  /** Put before every line: `[demo] `. */
  readonly mark: string
  readonly write: (text: string) => void
  /** Values that never show. */
  readonly secrets: () => Iterable<string>
}

/** Width of the widest shipped module's name, so that lines stand in columns. */
const nameWidth = 10

export function createOutput({ mark, write, secrets }: OutputOptions): Output {
  const redact = createRedactor(secrets)
  const writeLine = (line: string) => write(`${`${mark}${redact(line)}`.trimEnd()}\n`)
  return {
    say: (text) => text.split('\n').forEach(writeLine),
    sayFor: (module, line) => writeLine(`${module.padEnd(nameWidth)} | ${line}`),
  }
}
