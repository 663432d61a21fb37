import { stringify } from 'yaml'

/** One step of a JSON patch. */
export interface Step {
  readonly op: 'add' | 'replace' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

export interface Target {
  readonly kind: string
  readonly name?: string
  readonly labelSelector?: string
}

export interface Patch {
  readonly target: Target
  readonly patch: string
}

/** A kustomization over everything that synth writes. */
export function overlay(patches: readonly Patch[], more: object = {}): object {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../../k8s', '../../secrets'],
    components: ['../../components'],
    ...more,
    patches,
  }
}

/** Steps on every object that fits; none that does is no fault. */
export function patch(target: Target, steps: readonly Step[]): Patch {
  return { target, patch: stringify(steps, { lineWidth: 0 }) }
}
