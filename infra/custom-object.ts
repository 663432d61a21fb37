import { ApiObject } from 'cdk8s'
import type { Chart } from 'cdk8s'
import { labelsOf } from './labels.ts'
import type { Owner } from './labels.ts'

export interface CustomObject {
  /** `keda.sh/v1alpha1` */
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  /** Labels beside the usual ones. */
  readonly labels?: Readonly<Record<string, string>>
  readonly spec: object
}

/** An object of a kind that the cluster learnt from a CustomResourceDefinition: written as it is. */
export function createCustomObject(
  chart: Chart,
  owner: Owner,
  { apiVersion, kind, name, labels, spec }: CustomObject,
): ApiObject {
  return new ApiObject(chart, 'object', {
    apiVersion,
    kind,
    metadata: { name, namespace: owner.namespace, labels: { ...labelsOf(owner), ...labels } },
    spec,
  })
}
