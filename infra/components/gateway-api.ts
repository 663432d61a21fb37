import { createCustomObject } from '../custom-object.ts'
import { addressOf } from '../entrance/address.ts'
import { ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import type { Component } from './component.ts'
import { routeTarget } from './interceptor.ts'

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
        parentRefs: entrance.parents.map(({ name: parent, namespace, section }) => ({
          name: parent,
          namespace,
          sectionName: section,
        })),
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
