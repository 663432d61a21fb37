import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is there with any module. */
export const sharedOwners = ['shared', 'postgres', 'prometheus'] as const

/** The values of the label `module` on what these modules have: their own name, and those of model servers beside them. */
export function ownersOf(root: string, modules: readonly string[]): string[] {
  const owners = modules.flatMap((module) => [module, ...labelsIn(join(root, 'k8s', module))])
  return [...new Set(owners)]
}

function labelsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      const [, label] =
        /^ {4}module: "?([a-z0-9-]+)"?$/m.exec(readFileSync(join(folder, name), 'utf8')) ?? []
      return label === undefined ? [] : [label]
    })
}
