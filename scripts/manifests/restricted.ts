import { run } from '../deploy/command.ts'
import { parseJson, textAt, valueAt } from '../deploy/read-json.ts'
import { LinterError } from './linter.ts'
import type { Finding, Linter, Rendered } from './linter.ts'
import type { Tools } from './tools.ts'

/** What the API server would refuse in a namespace of the `restricted` level, by its own code. */
export function restricted({ restricted: program }: Pick<Tools, 'restricted'>): Linter {
  return {
    name: 'restricted',
    find: async (rendered) => {
      const pods = rendered.flatMap(podsOf)
      const { stdout, stderr, status } = await run([program], { input: JSON.stringify(pods) })
      if (status !== 0) throw new LinterError(stderr)
      return readRefusals(stdout)
    },
  }
}

interface NamedPod {
  /** Target and object, of which each line of the report says the name again. */
  readonly name: string
  readonly pod: unknown
}

/** The pods of a target's workloads. */
export function podsOf({ name, objects }: Rendered): NamedPod[] {
  return objects.flatMap((object) => {
    const pod = valueAt(object, 'spec', 'template')
    if (valueAt(pod, 'spec', 'containers') === undefined) return []
    const of = `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')}`
    return [{ name: JSON.stringify([name, of]), pod }]
  })
}

/** A line of JSON a refusal. */
export function readRefusals(report: string): Finding[] {
  return report
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const refusal = parseJson(line)
      const [target, object] = namesIn(textAt(refusal, 'name'))
      const rule = textAt(refusal, 'reason') ?? ''
      return { target, object, rule, text: textAt(refusal, 'detail') ?? '' }
    })
}

function namesIn(name: string | undefined): readonly [string, string] {
  const names = parseJson(name)
  return [textAt(names, 0) ?? '', textAt(names, 1) ?? '']
}
