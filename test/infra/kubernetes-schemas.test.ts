import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { customShapes, shapeOf } from './custom-resources.ts'
import { fleets, repository } from './fleet-folder.ts'
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
function findFaults(object: Checked): string[] {
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

test.each(fleets)(
  'every object of %s is what the oldest and the newest Kubernetes take',
  (_, read) => {
    const objects = read()
    expect(objects.length).toBeGreaterThan(5)
    expect(objects.flatMap(findFaults)).toEqual([])
  },
)

test('every kind of a component is made by some fleet', () => {
  const kinds = fleets.flatMap(([, read]) =>
    read().map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
  )
  for (const kind of Object.keys(customShapes)) expect(kinds).toContain(kind)
})

describe('the schemas refuse', () => {
  const service = { apiVersion: 'v1', kind: 'Service', path: '' }
  const metadata = { name: 'a' }
  test.each([
    ['an unknown field', { metadata, spec: { port: [] } }],
    ['a number as text', { metadata, spec: { ports: [{ port: '80' }] } }],
    ['a missing field', { metadata, spec: { ports: [{ name: 'http' }] } }],
  ])('%s', (_, object) => {
    const raw = { apiVersion: 'v1', kind: 'Service', ...object }
    expect(findFaults({ ...service, raw })).toHaveLength(2)
  })

  test('an unknown field of a custom resource', () => {
    const object = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', path: '' }
    const raw = { ...object, metadata: { name: 'a', namespace: 'b' }, spec: { minReplicas: 1 } }
    expect(findFaults({ ...object, raw })[0]).toMatch(/triggers.*additional properties/)
  })

  test('a kind nobody makes', () => {
    expect(findFaults({ ...service, kind: 'Pod', raw: {} })).toHaveLength(2)
  })
})
