import { backendName, backendOwner } from '../backends/backend.ts'
import type { PlacedBackend } from '../backends/backend.ts'
import { servers } from '../backends/servers.ts'
import { createCustomObject } from '../custom-object.ts'
import { selectorOf } from '../labels.ts'
import type { Resource } from '../resource.ts'
import type { Component } from './component.ts'
import { pickerName, pickerPort, pickerResources } from './endpoint-picker.ts'
import { parentRefs } from './gateway-api.ts'

const group = 'inference.networking.k8s.io'

/** The server's pods as one, and who chooses among them. */
const pool: Resource<PlacedBackend> = {
  file: 'inferencepool',
  create: (chart, placed) => {
    if (placed.backend.pool === undefined) return undefined
    const owner = backendOwner(placed)
    return createCustomObject(chart, owner, {
      apiVersion: `${group}/v1`,
      kind: 'InferencePool',
      name: backendName(placed),
      spec: {
        selector: { matchLabels: selectorOf(owner) },
        targetPorts: [{ number: servers[placed.backend.kind].port }],
        endpointPickerRef: {
          kind: 'Service',
          name: pickerName(placed),
          port: { number: pickerPort.number },
          // Without its picker any pod is better than none.
          failureMode: 'FailOpen',
        },
      },
    })
  },
}

/** The pool below a path of its Gateway: `/llm-vllm/v1`. */
const route: Resource<PlacedBackend> = {
  file: 'httproute',
  create: (chart, placed) => {
    const { pool: wish } = placed.backend
    if (wish === undefined) return undefined
    const name = backendName(placed)
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' }
    return createCustomObject(chart, backendOwner(placed), {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      name,
      spec: {
        parentRefs: parentRefs(wish.parents),
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
            filters: [{ type: 'URLRewrite', urlRewrite: { path } }],
            timeouts: { request: '0s' },
            backendRefs: [{ group, kind: 'InferencePool', name }],
          },
        ],
      },
    })
  },
}

/** Pools of vLLM, each with its picker. */
export const inferencePool: Component = {
  name: 'inference-pool',
  isWanted: ({ modules }) =>
    modules.some(({ deploy: { backends = [] } }) =>
      backends.some((backend) => backend.pool !== undefined),
    ),
  ofBackend: [pool, route, ...pickerResources],
}
