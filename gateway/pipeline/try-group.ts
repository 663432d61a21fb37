import { toGatewayError } from '../errors/envelope.ts'
import { serves } from '../providers/served.ts'
import type { Deployment } from '../routing/deployment.ts'
import { planOf } from '../routing/group-plan.ts'
import { attempt, type Asked, type Surroundings } from './attempt.ts'
import { GroupTurns } from './group-turns.ts'

/**
 * Tries the deployments of a group until one answers: the first priority class that can be asked, with its retries,
 * then the next. Rejects with the first failure.
 */
export async function tryGroup(asked: Asked, around: Surroundings): Promise<void> {
  around.exchange.retries = 0
  const only = findOnlyOne(asked, around)
  if (only === undefined) return new GroupTurns(asked, around).run()
  try {
    await attempt(only, asked, around)
  } catch (thrown) {
    const turns = new GroupTurns(asked, around)
    turns.learn(only, toGatewayError(thrown))
    await turns.run()
  }
}

/** The deployment of a group about which there is nothing to decide: it is alone, unbounded and well. */
function findOnlyOne({ group }: Asked, { exchange, rooms }: Surroundings): Deployment | undefined {
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
