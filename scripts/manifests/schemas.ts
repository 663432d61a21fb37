import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isObject } from '../../modules/json-object.ts'
import { customShapes, shapeOf } from '../../test/infra/custom-resources.ts'
import { LinterError } from './linter.ts'

/** The oldest that is promised, one between, and the newest there are schemas of. */
export const kubernetesVersions = ['1.28.0', '1.32.0', '1.37.0'] as const

/** Writes what kubeconform reads: Kubernetes' own kinds by version, and ours of components. */
export function writeSchemas(folder: string, python: string): void {
  const source = packagedSchemas(python)
  for (const version of kubernetesVersions) {
    const from = join(source, `v${version}-local-strict`)
    const to = join(folder, `v${version}-strict`)
    mkdirSync(to, { recursive: true })
    for (const name of readdirSync(from))
      writeFileSync(join(to, name), standalone(readFileSync(join(from, name), 'utf8')))
  }
  for (const name of Object.keys(customShapes)) {
    const [apiVersion = '', kind = ''] = name.split(' ')
    const [group = '', version = ''] = apiVersion.split('/')
    const file = join(folder, 'custom', group, `${kind.toLowerCase()}_${version}.json`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(shapeOf(name)))
  }
}

/** Where kubeconform looks for the schema of an object. */
export function schemaLocations(folder: string): string[] {
  return [
    `${folder}/{{.NormalizedKubernetesVersion}}{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json`,
    `${folder}/custom/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`,
  ]
}

/** A schema that refers to its neighbours by file; as packaged it names addresses of their own. */
export function standalone(text: string): string {
  const schema: unknown = JSON.parse(text.replaceAll('/api/_definitions.json', '_definitions.json'))
  if (!isObject(schema)) return text
  const { $id: _, ...rest } = schema
  return JSON.stringify(rest)
}

function packagedSchemas(python: string): string {
  const where = 'import kubernetes_validate as k; print(k.__path__[0])'
  const { stdout, stderr } = spawnSync(python, ['-c', where], { encoding: 'utf8' })
  if (stdout.trim() === '') throw new LinterError(`kubernetes-validate is not there: ${stderr}`)
  return join(stdout.trim(), 'kubernetes-json-schema')
}
