import type { GatewayError } from '../errors/gateway-error.ts'
import { serves } from '../providers/served.ts'
import type { Deployment } from '../routing/deployment.ts'
import { planOf } from '../routing/group-plan.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { GroupTurns } from './group-turns.ts'

/** What has failed already. */
export interface Tried {
  readonly deployment: Deployment
  readonly failure: GatewayError
}

/**
 * Tries the deployments of a group until one answers: the first priority class that can be asked, with its retries,
 * then the next. Rejects with the first failure.
 */
export async function tryGroup(asked: Asked, around: Surroundings, tried?: Tried): Promise<void> {
  around.exchange.retries = 0
  const turns = new GroupTurns(asked, around)
  if (tried) turns.learn(tried.deployment, tried.failure)
  await turns.run()
}

/** The deployment of a group about which there is nothing to decide: it is alone, unbounded and well. */
export function findOnlyOne(
  { group }: Asked,
  { exchange, rooms }: Surroundings,
): Deployment | undefined {
  const { deployments } = group
  const only = deployments[0]
  if (only === undefined || deployments.length > 1 || only.gate !== undefined) return undefined
  if (!serves(only.provider, exchange.endpoint.name, only.target)) return undefined
  if (!planOf(deployments, exchange.serving.module.router).isBlind) return undefined
  const now = rooms.now()
  const { health } = only
  const isWell = health.limitedMs(now) === 0 && health.coolingMs(now) === 0 && !health.isProbed(now)
  return isWell ? only : undefined
}
