import { backendFaults } from './backends.ts'
import type { Facts, Finding } from './facts.ts'
import { lastRules, moduleRules } from './modules.ts'
import { networkRules } from './network.ts'
import { adviceOn } from '../deploy/find-cluster.ts'
import { placeRules } from './places.ts'
import { postgresRules } from './postgres.ts'
import type { Rule } from './rule.ts'

const apiUnreachable: Rule = ({ apiSaid }) => [
  {
    code: 'api-unreachable',
    what: 'The cluster does not answer.',
    evidence: [apiSaid ?? 'kubectl said nothing.'],
    fix: adviceOn(apiSaid ?? ''),
  },
]

/** Causes before their consequences: each rule is told what was found before it. */
const rules: readonly Rule[] = [
  ...networkRules,
  ...placeRules,
  ...moduleRules,
  ...postgresRules,
  backendFaults,
  ...lastRules,
]

/** What is wrong, from what was seen alone: nothing where all is well. */
export function diagnose(facts: Facts): Finding[] {
  if (facts.cluster === undefined) return [...apiUnreachable(facts, { has: () => false })]
  const findings: Finding[] = []
  const found = {
    has: (...codes: readonly string[]) => findings.some(({ code }) => codes.includes(code)),
  }
  for (const rule of rules) {
    findings.push(...rule(facts, found))
    // Of what is not there, nothing else can be said.
    if (found.has('not-deployed')) return findings
  }
  return findings
}
