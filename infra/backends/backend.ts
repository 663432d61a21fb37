import type { Backend } from '../../modules/module.ts'
import type { Platform } from '../../modules/platform.ts'
import type { FleetModule } from '../fleet.ts'
import type { Owner } from '../labels.ts'

/** One model server of a module as its resources see it. */
export interface PlacedBackend {
  readonly backend: Backend
  readonly module: FleetModule
  readonly platform: Platform
}

/** Its workload, Service, volume and identity: `llm-ollama`. */
export function backendName({
  backend,
  module,
}: Pick<PlacedBackend, 'backend' | 'module'>): string {
  return `${module.name}-${backend.name}`
}

/** Apart from the module, whose selectors go by its name. */
export function backendOwner(placed: PlacedBackend): Owner {
  const { namespace } = placed.platform
  return { module: backendName(placed), component: 'model-server', namespace }
}
