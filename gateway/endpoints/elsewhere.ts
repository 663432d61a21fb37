import { endpointNames, pathOf, pathsOf, type EndpointName } from '../../modules/endpoints.ts'
import type { Module } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'

/** Why this module does not take an endpoint, and which one does. */
export function endpointElsewhere(endpoint: EndpointName, module: Module): GatewayError {
  const path = `/v1${pathOf(endpoint)}`
  const others = module.fleet.filter(
    (member) => member.module !== module.name && member.endpoints.includes(endpoint),
  )
  const where = others
    .map((member) => `the module ${member.module} on port ${member.port}`)
    .join(', or ')
  const hint =
    where === ''
      ? `It offers ${module.endpoints.map((name) => `/v1${pathOf(name)}`).join(', ')}.`
      : `Ask ${where}.`
  return new GatewayError(
    'endpoint_not_offered',
    `The module ${module.name} does not serve ${path}. ${hint}`,
  )
}

/** The endpoint a path without a route would be, with or without `/v1`. */
export function endpointOf(path: string): EndpointName | undefined {
  return endpointNames.find((name) => pathsOf(name).includes(path))
}
