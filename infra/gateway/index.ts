import type { Resource } from '../resource.ts'
import { moduleIngress } from '../entrance/ingress.ts'
import { configMap } from './config-map.ts'
import type { Gateway } from './gateway.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { networkPolicy } from './network-policy.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { service } from './service.ts'
import { serviceAccount } from './service-account.ts'
import { workload } from './workload.ts'

/** What each module gets. */
export const gatewayResources: readonly Resource<Gateway>[] = [
  serviceAccount,
  configMap,
  workload,
  service,
  horizontalPodAutoscaler,
  moduleIngress,
  podDisruptionBudget,
  networkPolicy,
]
