import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { shapeOf } from './custom-resources.ts'
import { repository } from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'

const versions = ['1.28', '1.37'] as const

const validators = versions.map((version) => {
  const file = join(repository, 'test/fixtures/kubernetes-schemas', `${version}.json`)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')), version)
  return { version, ajv }
})

const customValidator = new Ajv2020({ strict: false, allErrors: true })

/** What its CustomResourceDefinition finds wrong with an object; undefined: Kubernetes' own kind. */
function findCustomFaults({ apiVersion, kind, raw, path }: Checked): string[] | undefined {
  const shape = shapeOf(`${apiVersion} ${kind}`)
  if (shape === undefined) return undefined
  if (customValidator.validate(shape, raw)) return []
  return [`${path}: ${customValidator.errorsText()}`]
}

type Checked = Pick<Manifest, 'apiVersion' | 'kind' | 'raw' | 'path'>

/** What a version of Kubernetes finds wrong with an object; no field it does not know passes. */
export function findFaults(object: Checked): string[] {
  const { apiVersion, kind, raw, path } = object
  const custom = findCustomFaults(object)
  if (custom !== undefined) return custom
  return validators.flatMap(({ version, ajv }) => {
    const name = `${apiVersion} ${kind}`.replaceAll('/', '~1').replaceAll(' ', '%20')
    const validate = ajv.getSchema(`${version}#/kinds/${name}`)
    if (validate === undefined) return [`${path}: ${version} has no ${apiVersion} ${kind}`]
    if (validate(raw)) return []
    return [`${path}: ${version}: ${ajv.errorsText(validate.errors)}`]
  })
}
