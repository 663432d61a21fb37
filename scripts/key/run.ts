import { readArguments, UsageError } from './arguments.ts'
import { AskError, createClient } from './client.ts'
import { keyCommands } from './commands.ts'
import { keyFieldsOf } from './fields.ts'
import { findGateway } from './find-gateway.ts'
import { saltCommands } from './salt-commands.ts'
import { warningsOf } from './show.ts'
import { teamCommands } from './team-commands.ts'
import { usage } from './usage.ts'

interface Terminal {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  print(line: string): void
  complain(line: string): void
}

/** Does what `npm run key` was asked, and gives the exit code. */
export async function runKey(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = readArguments(words, terminal.env)
    if (asked === undefined) {
      terminal.print(usage)
      return 0
    }
    const command = { ...keyCommands, ...teamCommands, ...saltCommands }[asked.command]
    if (!command) throw new UsageError(`There is no ${asked.command}.`)
    // What is said wrongly is told before anybody is asked.
    keyFieldsOf(asked.said)
    const gateway = await findGateway(terminal.root, asked.said)
    const { told, words: said } = await command(asked, createClient(gateway))
    terminal.print(asked.isJson ? JSON.stringify(told, null, 2) : said)
    if (!asked.isJson) for (const warning of warningsOf(told)) terminal.complain(warning)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof AskError)) throw error
    terminal.complain(error.message)
    return error instanceof UsageError ? 2 : 1
  }
}
