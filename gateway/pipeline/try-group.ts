import type { GatewayError } from '../errors/gateway-error.ts'
import type { Deployment } from '../routing/deployment.ts'
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
