import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from './deploy/command.ts'
import { collectFacts } from './doctor/collect.ts'
import { diagnose } from './doctor/diagnose.ts'
import { reportJson, reportLines } from './doctor/report.ts'

const usage = `npm run doctor              what is wrong on the cluster of the current kubeconfig, and how to mend it
  -- --json                 the same for programs
  -- --folder <folder>      of the fleet whose modules/ and platform.yaml are there
The exit code is the number of things that are wrong.`

function readArguments() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        json: { type: 'boolean', default: false },
        folder: { type: 'string', default: dirname(import.meta.dirname) },
      },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function refuse(why: string): void {
  process.stderr.write(`${why}\n\n${usage}\n`)
  process.exitCode = 255
}

const asked = readArguments()
if (typeof asked === 'string') refuse(asked)
else if (!existsSync(join(asked.folder, 'modules')))
  refuse(`There is no modules/ in ${asked.folder}.`)
else if (asked.help) process.stdout.write(`${usage}\n`)
else {
  const facts = await collectFacts(run, resolve(asked.folder))
  const findings = diagnose(facts)
  const text = asked.json
    ? JSON.stringify(reportJson(facts, findings), null, 2)
    : reportLines(facts, findings).join('\n')
  process.stdout.write(`${text}\n`)
  process.exitCode = Math.min(findings.length, 254)
}
