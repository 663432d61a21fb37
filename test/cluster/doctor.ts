import { join } from 'node:path'
import { run } from '../../scripts/deploy/command.ts'
import { collectFacts } from '../../scripts/doctor/collect.ts'
import { diagnose } from '../../scripts/doctor/diagnose.ts'
import type { Finding } from '../../scripts/doctor/facts.ts'
import { expect } from './check.ts'
import type { Stage } from './check.ts'

/** What `npm run doctor` sees of the tests' own fleet: it must name this cause and no other. */
export async function diagnosed(stage: Stage, cause: string): Promise<string> {
  const findings = await look(stage)
  const told = findings.map(({ code, what }) => `${code}: ${what}`).join(' | ')
  expect(
    codesOf(findings).join() === cause,
    `doctor was to find ${cause}, found ${told || 'nothing'}`,
  )
  return `doctor names ${cause} alone`
}

/** Everything that it names. */
export async function doctorCodes(stage: Stage): Promise<string[]> {
  return codesOf(await look(stage))
}

async function look({ fleet }: Stage): Promise<Finding[]> {
  return diagnose(await collectFacts(run, fleet.folder))
}

const codesOf = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.map(({ code }) => code)),
]

const script = join(import.meta.dirname, '../../scripts/doctor.ts')

/** `npm run doctor` itself, of a fleet that is well: it ends with 0, and says so. */
export async function foundWell({ fleet }: Stage): Promise<string> {
  const said = await run([process.execPath, script, '--folder', fleet.folder])
  const last = said.stdout.trim().split('\n').at(-1) ?? ''
  expect(
    said.status === 0 && last === 'All is well.',
    `it ended with ${said.status}: ${said.stdout}${said.stderr}`,
  )
  return `"${last}", exit code ${said.status}`
}
