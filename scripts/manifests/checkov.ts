import { dirname } from 'node:path'
import { run } from '../deploy/command.ts'
import { listAt, numberAt, parseJson, textAt } from '../deploy/read-json.ts'
import { LinterError } from './linter.ts'
import type { Finding, Linter, Rendered } from './linter.ts'
import type { Tools } from './tools.ts'

/** Security, by checkov's rules for Kubernetes. */
export function checkov({ checkov: program }: Pick<Tools, 'checkov'>): Linter {
  return {
    name: 'checkov',
    find: async (rendered) => {
      const [first] = rendered
      if (first === undefined) return []
      const { stdout, stderr } = await run([
        program,
        '--framework=kubernetes',
        '--skip-download',
        '--compact',
        '--quiet',
        '--output=json',
        `--directory=${dirname(first.file)}`,
      ])
      return readCheckov(stdout || stderr, rendered)
    },
  }
}

/** Its report on the folder that the files of the targets are in. */
export function readCheckov(report: string, rendered: readonly Rendered[]): Finding[] {
  const said = parseJson(report)
  const looked = numberAt(said, 'summary', 'resource_count') ?? 0
  if (looked === 0 || numberAt(said, 'summary', 'parsing_errors') !== 0)
    throw new LinterError(`it looked at ${looked} objects: ${report.slice(0, 500)}`)
  return listAt(said, 'results', 'failed_checks').map((check) => {
    const path = textAt(check, 'file_path') ?? ''
    const [kind, , name] = (textAt(check, 'resource') ?? '').split('.')
    return {
      target: rendered.find(({ file }) => file.endsWith(path))?.name ?? '',
      object: `${kind} ${name}`,
      rule: textAt(check, 'check_id') ?? '',
      text: textAt(check, 'check_name') ?? '',
    }
  })
}
