import { run } from '../deploy/command.ts'
import { listAt, numberAt, parseJson, textAt, valueAt } from '../deploy/read-json.ts'
import { LinterError } from './linter.ts'
import type { Finding, Linter } from './linter.ts'
import type { Tools } from './tools.ts'

/**
 * What kube-score only warns of and is decided: modules are reached by node ports, have as many pods as their file says
 * (one, where it says nothing), and one pod that holds a volume ends before the next begins.
 */
const decided = ['service-type', 'deployment-replicas', 'deployment-strategy']

/** Grades below this one are warnings, and those of 1 are critical. */
const fine = 7
const critical = 1

/** Practice: resources, probes, budgets, policies. */
export function kubeScore({ kubeScore: program }: Pick<Tools, 'kubeScore'>): Linter {
  return {
    name: 'kube-score',
    find: async (rendered) => {
      const findings: Finding[] = []
      // Apart, because it relates all objects of one run to each other.
      for (const { name, file } of rendered) {
        const args = ['score', '--output-format=json', '--kubernetes-version=v1.28', file]
        const { stdout, stderr } = await run([program, ...args])
        findings.push(...readKubeScore(stdout || stderr, name))
      }
      return findings
    },
  }
}

/** Its report on one target. */
export function readKubeScore(report: string, target: string): Finding[] {
  const objects = parseJson(report)
  if (!Array.isArray(objects)) throw new LinterError(report.slice(0, 500))
  return objects.flatMap((object: unknown) => {
    const name = `${textAt(object, 'type_meta', 'kind')} ${textAt(object, 'object_meta', 'name')}`
    return listAt(object, 'checks').flatMap((check): Finding[] => {
      const rule = textAt(check, 'check', 'id') ?? ''
      const grade = numberAt(check, 'grade') ?? critical
      if (valueAt(check, 'skipped') === true || grade >= fine) return []
      if (grade > critical && decided.includes(rule)) return []
      const comments = listAt(check, 'comments').map((one) =>
        [textAt(one, 'path'), textAt(one, 'summary')].filter(Boolean).join(': '),
      )
      return [{ target, object: name, rule, text: comments.join('; ') }]
    })
  })
}
