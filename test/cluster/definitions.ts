import { isObject } from '../../modules/json-object.ts'
import { customShapes } from '../infra/custom-resources.ts'
import { madeBy } from './label.ts'

/** A CustomResourceDefinition: the name that it goes by, and what makes it. */
export interface Definition {
  readonly name: string
  readonly manifest: object
}

/** Every kind that components are made of, with the fields that they use; an unknown one is refused. */
export function definitions(): Definition[] {
  return Object.entries(customShapes).map(([of, spec]) => {
    const [apiVersion = '', kind = ''] = of.split(' ')
    const [group = '', version = ''] = apiVersion.split('/')
    const singular = kind.toLowerCase()
    const plural = `${singular}s`
    const name = `${plural}.${group}`
    const openAPIV3Schema = { type: 'object', properties: { spec: structural(spec) } }
    // Groups of Kubernetes' own are not for everybody.
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, for a test' }
    return {
      name,
      manifest: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name, labels: madeBy, annotations },
        spec: {
          group,
          scope: 'Namespaced',
          names: { kind, singular, plural },
          versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
        },
      },
    }
  })
}

/** A schema as the API server takes it: every part has a type, and what is not named is unknown anyway. */
export function structural(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema
  if (!isObject(schema)) return schema
  const parts = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'additionalProperties' && value === false) return []
    if (key === 'enum')
      return [
        ['type', 'string'],
        [key, value],
      ]
    if (key === 'properties' && isObject(value))
      return [
        [
          key,
          Object.fromEntries(Object.entries(value).map(([name, one]) => [name, structural(one)])),
        ],
      ]
    return [[key, structural(value)]]
  })
  return Object.fromEntries(parts)
}
