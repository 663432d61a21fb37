import { numberAt, listAt, parseJson, textAt } from '../deploy/read-json.ts'
import { run } from '../deploy/command.ts'
import { LinterError } from './linter.ts'
import type { Finding, Linter, Rendered } from './linter.ts'
import { schemaLocations } from './schemas.ts'
import type { Tools } from './tools.ts'

/** Every field is known, of the right type, and where it belongs. */
export function kubeconform(
  { kubeconform: program, schemas }: Pick<Tools, 'kubeconform' | 'schemas'>,
  version: string,
): Linter {
  return {
    name: `kubeconform ${version}`,
    find: async (rendered) => {
      const { stdout, stderr } = await run([
        program,
        '-strict',
        '-summary',
        '-output=json',
        `-kubernetes-version=${version}`,
        ...schemaLocations(schemas).map((place) => `-schema-location=${place}`),
        ...rendered.map(({ file }) => file),
      ])
      return readKubeconform(stdout || stderr, rendered)
    },
  }
}

/** Its report on the files of the targets. */
export function readKubeconform(report: string, rendered: readonly Rendered[]): Finding[] {
  const said = parseJson(report)
  const findings = listAt(said, 'resources').map((resource) => ({
    target: rendered.find(({ file }) => file === textAt(resource, 'filename'))?.name ?? '',
    object: `${textAt(resource, 'kind')} ${textAt(resource, 'name')}`,
    rule: 'schema',
    text: textAt(resource, 'msg') ?? 'not looked at',
  }))
  const valid = numberAt(said, 'summary', 'valid') ?? 0
  const objects = rendered.reduce((sum, one) => sum + one.objects.length, 0)
  if (findings.length === 0 && valid !== objects)
    throw new LinterError(`it looked at ${valid} of ${objects} objects: ${report.slice(0, 500)}`)
  return findings
}
