import { run } from '../../scripts/deploy/command.ts'
import { collectFacts } from '../../scripts/doctor/collect.ts'
import { diagnose } from '../../scripts/doctor/diagnose.ts'
import { expect } from './check.ts'
import type { Stage } from './check.ts'

/** Asks `npm run doctor` about the tests' own fleet: it must name this cause and no other; none where all is well. */
export async function diagnosed({ fleet }: Stage, cause?: string): Promise<string> {
  const findings = diagnose(await collectFacts(run, fleet.folder))
  const codes = [...new Set(findings.map(({ code }) => code))]
  const told = findings.map(({ code, what }) => `${code}: ${what}`).join(' | ')
  expect(
    codes.join() === (cause ?? ''),
    `doctor was to find ${cause ?? 'nothing'}, found ${told || 'nothing'}`,
  )
  return cause === undefined ? 'doctor finds nothing' : `doctor names ${cause} alone`
}
