import { GatewayError } from '../errors/gateway-error.ts'
import type { EndpointName } from '../../modules/endpoints.ts'
import type { Deployment } from './deployment.ts'
import type { ModelGroup } from './router.ts'

export interface Pick {
  /** Monotonic milliseconds. */
  readonly now: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * The deployments to try, best first: those that speak the endpoint, priority classes in order, inside a class
 * two random choices by load; resting ones last. One that said it takes no more for now (429) is not among
 * them. Throws `endpoint_not_offered` where none speaks it, `upstream_rate_limited` where all are used up.
 */
export function orderCandidates(
  group: ModelGroup,
  endpoint: EndpointName,
  pick: Pick,
): readonly Deployment[] {
  const speaking = group.deployments.filter(({ provider }) => provider.endpoints[endpoint])
  if (speaking.length === 0) throw notSpoken(group, endpoint)
  const able = speaking.filter(({ health }) => !health.isLimited(pick.now))
  if (able.length === 0) throw limited(group, speaking, pick.now)
  if (able.length === 1) return able
  const awake = able.filter(({ health }) => !health.isCooling(pick.now))
  const resting = able.filter((deployment) => !awake.includes(deployment))
  return [...orderByClass(awake, pick), ...orderByClass(resting, pick)]
}

function orderByClass(deployments: readonly Deployment[], pick: Pick): Deployment[] {
  const classes = new Map<number, Deployment[]>()
  for (const deployment of deployments) {
    const order = deployment.params.order ?? 0
    classes.set(order, [...(classes.get(order) ?? []), deployment])
  }
  return [...classes.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, members]) => orderByLoad(members, pick))
}

/** Draws two, puts the less loaded first, and so on until none is left. */
function orderByLoad(members: Deployment[], { now, random }: Pick): Deployment[] {
  const left = [...members]
  const ordered: Deployment[] = []
  while (left.length > 0) {
    const a = Math.floor(random() * left.length)
    const b = (a + 1 + Math.floor(random() * (left.length - 1))) % left.length
    const better = loadOf(left[a], now) <= loadOf(left[b], now) ? a : b
    ordered.push(...left.splice(better, 1))
  }
  return ordered
}

function loadOf(deployment: Deployment | undefined, now: number): number {
  return deployment ? deployment.health.loadAt(now) / (deployment.params.weight ?? 1) : Infinity
}

function limited(group: ModelGroup, deployments: readonly Deployment[], now: number): GatewayError {
  const waitMs = Math.min(...deployments.map(({ health }) => health.limitedForMs(now)))
  const seconds = Math.ceil(waitMs / 1000)
  return new GatewayError(
    'upstream_rate_limited',
    `Every server behind the model ${group.name} takes no more requests for now; try again in ${seconds} s.`,
    { retryAfterSeconds: seconds },
  )
}

function notSpoken(group: ModelGroup, endpoint: EndpointName): GatewayError {
  const spoken = new Set(
    group.deployments.flatMap(({ provider }) => Object.keys(provider.endpoints)),
  )
  return new GatewayError(
    'endpoint_not_offered',
    `The model ${group.name} does not take ${endpoint}; it takes ${[...spoken].join(', ')}.`,
    { param: 'model' },
  )
}
