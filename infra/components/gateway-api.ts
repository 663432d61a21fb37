import type { GatewayParent } from '../../modules/module.ts'
import { createCustomObject } from '../custom-object.ts'
import { addressOf } from '../entrance/address.ts'
import { ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import type { Component } from './component.ts'
import { routeTarget } from './interceptor.ts'

/** Gateways as a route names them. */
export function parentRefs(parents: readonly GatewayParent[]): object[] {
  return parents.map(({ name, namespace, section }) => ({ name, namespace, sectionName: section }))
}

/** A module's way in from a Gateway that is there. */
const httpRoute: Resource<Gateway> = {
  file: 'httproute',
  create: (chart, gateway) => {
    const { gatewayApi: entrance } = gateway.platform
    if (entrance === undefined) return undefined
    const { name } = gateway.module
    const { host, path } = addressOf(name, entrance)
    return createCustomObject(chart, ownerOf(gateway), {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      name: gatewayName(name),
      spec: {
        parentRefs: parentRefs(entrance.parents),
        ...(host === undefined ? {} : { hostnames: [host] }),
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: path } }],
            // The gateway ends what takes too long itself; a stream may be minutes long.
            timeouts: { request: '0s' },
            backendRefs: [routeTarget(gateway)],
          },
        ],
      },
    })
  },
}

/** Routes at a Gateway. */
export const gatewayApi: Component = {
  name: 'gateway-api',
  isWanted: ({ platform }) => platform.gatewayApi !== undefined,
  ofModule: [httpRoute],
}
