import { lastLines } from './command.ts'
import type { StepError } from './command.ts'

/** Says what is being done, and how long it took. */
export interface Progress {
  /** Runs a step and prints one line for it; the step gives the words after its name. */
  step(name: string, work: () => Promise<string>): Promise<void>
  say(line: string): void
}

const nameWidth = 18

export function createProgress(say: (line: string) => void, now: () => number): Progress {
  return {
    say,
    step: async (name, work) => {
      const startedAt = now()
      const line = (mark: string, words: string) =>
        say(`${mark} ${name.padEnd(nameWidth)} ${seconds(now() - startedAt)}  ${words}`.trimEnd())
      try {
        line('✓', await work())
      } catch (error) {
        line('✗', 'failed')
        throw error
      }
    },
  }
}

/** What went wrong at which command, its last lines, and what to do. */
export function failureLines(error: StepError): string[] {
  return [
    '',
    `This failed: ${error.command.join(' ')}`,
    ...lastLines(error.said).map((line) => `  ${line}`),
    ...(error.advice.length > 0
      ? ['', 'What to do:', ...error.advice.map((line) => `  ${line}`)]
      : []),
  ]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(7)
}
