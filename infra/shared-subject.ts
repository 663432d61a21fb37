import type { Platform } from '../modules/platform.ts'
import type { FleetModule } from './fleet.ts'

/** What objects are made of that belong to no module. */
export interface SharedSubject {
  readonly platform: Platform
  readonly modules: readonly FleetModule[]
}
