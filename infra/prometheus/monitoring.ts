import type { Platform } from '../../modules/platform.ts'
import type { Owner } from '../labels.ts'

/** Service, workload and identity of the bundled Prometheus. */
export const monitoringName = 'prometheus'

export const monitoringPort = { name: 'web', number: 9090 } as const

/** The user of the official image. */
export const monitoringUser = 65_534

export function monitoringOwner(platform: Platform): Owner {
  return { module: monitoringName, component: 'monitoring', namespace: platform.namespace }
}
