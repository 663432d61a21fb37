import { dirname } from 'node:path'
import { askModule } from './deploy/answers.ts'
import { readDeployArguments, UsageError } from './deploy/arguments.ts'
import { run, StepError } from './deploy/command.ts'
import { deploy } from './deploy/deploy.ts'
import { createProgress, failureLines } from './deploy/progress.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

try {
  const asked = readDeployArguments(process.argv.slice(2), say)
  const progress = createProgress(say, () => performance.now())
  if (asked !== undefined)
    await deploy({ root: dirname(import.meta.dirname), run, progress, asked, ask: askModule })
} catch (error) {
  if (error instanceof StepError) process.stderr.write(`${failureLines(error).join('\n')}\n`)
  else if (error instanceof UsageError) process.stderr.write(`${error.message}\n`)
  else throw error
  process.exitCode = error instanceof UsageError ? 2 : 1
}
