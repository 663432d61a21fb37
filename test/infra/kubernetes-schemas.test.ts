import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { fleets, repository } from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'

const versions = ['1.28', '1.37'] as const

const validators = versions.map((version) => {
  const file = join(repository, 'test/fixtures/kubernetes-schemas', `${version}.json`)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')), version)
  return { version, ajv }
})

/** What a version of Kubernetes finds wrong with an object; no field it does not know passes. */
function findFaults({
  apiVersion,
  kind,
  raw,
  path,
}: Pick<Manifest, 'apiVersion' | 'kind' | 'raw' | 'path'>): string[] {
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

  test('a kind nobody makes', () => {
    expect(findFaults({ ...service, kind: 'Pod', raw: {} })).toHaveLength(2)
  })
})
