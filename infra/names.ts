import type { FleetModule } from './fleet.ts'

/** A module's name as variables begin: `image-gen` → `IMAGE_GEN`. */
export function variablePrefix(module: string): string {
  return module.toUpperCase().replaceAll('-', '_')
}

/** The workload and the Service of a module. */
export function gatewayName(module: string): string {
  return `${module}-gateway`
}

/** The ConfigMap that holds a module's document. */
export function configName(module: string): string {
  return `${module}-config`
}

/** The Secret with a module's keys that is made for it. */
export function keysName(module: string): string {
  return `${module}-keys`
}

/** The Secret that holds a module's keys: the operator's own, or ours. */
export function secretOf({ name, deploy }: Pick<FleetModule, 'name' | 'deploy'>): string {
  return deploy.secret ?? keysName(name)
}
