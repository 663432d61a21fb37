import { describe, expect, test } from 'vitest'
import { customShapes } from './custom-resources.ts'
import { findFaults } from './find-faults.ts'
import { fleets } from './fleet-folder.ts'

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
