import type { Outcome, Run } from '../../../scripts/deploy/command.ts'

/** What is said to a command that begins like this. */
export type Script = Readonly<
  Record<string, string | Partial<Outcome> | ((command: string) => Partial<Outcome>)>
>

/** Runs nothing: answers by the longest beginning that fits, and remembers what it was asked. */
export function fakeRun(script: Script): { run: Run; asked: string[] } {
  const asked: string[] = []
  const run: Run = async (command) => {
    const line = command.join(' ')
    asked.push(line)
    const [beginning] = Object.keys(script)
      .filter((start) => line.startsWith(start))
      .sort((left, right) => right.length - left.length)
    const said = beginning === undefined ? undefined : script[beginning]
    const outcome =
      typeof said === 'string' ? { stdout: said } : typeof said === 'function' ? said(line) : said
    return { status: 0, stdout: '', stderr: '', ...outcome }
  }
  return { run, asked }
}
