import type { Platform } from '../../modules/platform.ts'
import type { FleetModule } from '../fleet.ts'
import type { Owner } from '../labels.ts'

/** One module as its resources see it. */
export interface Gateway {
  readonly module: FleetModule
  readonly platform: Platform
  /** The image's full name. */
  readonly image: string
}

export const httpPort = { name: 'http', number: 4000 } as const
export const metricsPort = { name: 'metrics', number: 9090 } as const

/** By which Prometheus finds the pods to ask. */
export const gatewayComponent = 'gateway'

export function ownerOf({ module, platform }: Gateway): Owner {
  return { module: module.name, component: gatewayComponent, namespace: platform.namespace }
}
