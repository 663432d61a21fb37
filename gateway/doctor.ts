import { getServers } from 'node:dns'
import { askDns } from './doctor/ask-dns.ts'
import type { DnsAnswer } from './doctor/ask-dns.ts'
import { knock } from './doctor/knock.ts'
import type { Knock } from './doctor/knock.ts'
import { QuestionError, readQuestion } from './doctor/question.ts'
import type { Question } from './doctor/question.ts'

/** What can be reached from where this runs, by the ids of the question. */
export interface Examination {
  /** The name servers this machine asks. */
  readonly nameServers: readonly string[]
  readonly asked: Readonly<Record<string, DnsAnswer>>
  readonly reached: Readonly<Record<string, Knock>>
}

/** Asks everything at once, and never throws for what does not answer. */
export async function examine({ ask, reach, timeoutMs }: Question): Promise<Examination> {
  const [asked, reached] = await Promise.all([
    Promise.all(ask.map(async (one) => [one.id, await askDns(one, timeoutMs)] as const)),
    Promise.all(reach.map(async (one) => [one.id, await knock(one, timeoutMs)] as const)),
  ])
  return {
    nameServers: getServers(),
    asked: Object.fromEntries(asked),
    reached: Object.fromEntries(reached),
  }
}

async function readInput(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const part of process.stdin) text += String(part)
  return text
}

if (import.meta.main) {
  try {
    const examination = await examine(readQuestion(await readInput()))
    // A look-up that nobody answers would hold the process for a minute.
    process.stdout.write(`${JSON.stringify(examination)}\n`, () => process.exit(0))
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 2
  }
}
