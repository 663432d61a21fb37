import type { FleetModule } from '../fleet.ts'
import { httpPort } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { gatewayName } from '../names.ts'

/** KEDA's HTTP add-on as its chart installs it. */
export const addOn = {
  namespace: 'keda',
  service: 'keda-add-ons-http-interceptor-proxy',
  port: 8080,
  scaler: 'keda-add-ons-http-external-scaler.keda:9090',
} as const

/** Whether the module may have no pod at all, so that requests must come by the add-on, which wakes it. */
export function scalesFromZero({ deploy }: Pick<FleetModule, 'deploy'>): boolean {
  return deploy.autoscaling?.min === 0
}

/** The Service that leads to the add-on, for an Ingress, which knows its own namespace alone. */
export function proxyName(module: string): string {
  return `${module}-proxy`
}

/** Where a route leads: to the module, or to the add-on before it. */
export function routeTarget({ module }: Pick<Gateway, 'module'>): object {
  if (!scalesFromZero(module)) return { name: gatewayName(module.name), port: httpPort.number }
  return { name: addOn.service, namespace: addOn.namespace, port: addOn.port }
}
