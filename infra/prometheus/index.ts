import type { Platform } from '../../modules/platform.ts'
import type { Resource } from '../resource.ts'
import { role, roleBinding, serviceAccount } from './access.ts'
import { configMap } from './config-map.ts'
import { networkPolicy } from './network-policy.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { service } from './service.ts'
import { volumeClaim } from './volume-claim.ts'
import { workload } from './workload.ts'

/** The bundled Prometheus. */
export const prometheusResources: readonly Resource<Platform>[] = [
  serviceAccount,
  role,
  roleBinding,
  configMap,
  volumeClaim,
  workload,
  service,
  podDisruptionBudget,
  networkPolicy,
]
