import type { Platform } from '../../modules/platform.ts'
import type { Resource } from '../resource.ts'
import { configMap } from './config-map.ts'
import { networkPolicy } from './network-policy.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { headlessService, service } from './service.ts'
import { serviceAccount } from './service-account.ts'
import { statefulSet } from './stateful-set.ts'

/** The bundled Postgres. */
export const postgresResources: readonly Resource<Platform>[] = [
  serviceAccount,
  configMap,
  service,
  headlessService,
  statefulSet,
  podDisruptionBudget,
  networkPolicy,
]
