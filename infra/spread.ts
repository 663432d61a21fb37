import type { k8s } from 'cdk8s-plus-28'
import { selectorOf } from './labels.ts'
import type { Owner } from './labels.ts'

/** Pods of one owner over the nodes where there are several, together where there is one. */
export function spreadOf(
  owner: Owner,
): Pick<k8s.PodSpec, 'affinity' | 'topologySpreadConstraints'> {
  const labelSelector = { matchLabels: selectorOf(owner) }
  const topologyKey = 'kubernetes.io/hostname'
  return {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey, labelSelector } },
        ],
      },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
    ],
  }
}
