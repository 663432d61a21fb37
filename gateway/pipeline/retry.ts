import type { GatewayError } from '../errors/gateway-error.ts'
import type { Deployment } from '../routing/deployment.ts'
import { retrySettingsOf, waitBeforeRetry } from '../routing/retry-rules.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { pause } from './under-way.ts'

interface Retry {
  /** What failed last. */
  readonly deployment: Deployment
  readonly failure: GatewayError
  /** Whether the next attempt goes to another deployment that does not rest. */
  readonly isOtherAwake: boolean
  /** Made in this priority class. */
  readonly retries: number
}

/** Waits as long as a retry has to; false: the retry budget forbids it, or it would come after the caller's deadline. */
export async function readyToRetry(
  { deployment, failure, isOtherAwake, retries }: Retry,
  { controls, group }: Asked,
  around: Surroundings,
): Promise<boolean> {
  const { exchange, rooms } = around
  const { router } = exchange.serving.module
  const now = rooms.now()
  const waitMs = waitBeforeRetry(
    failure,
    { isOtherAwake, retries, leftMs: exchange.deadlineAt - now, random: rooms.random() },
    retrySettingsOf(controls.numRetries, group.name, deployment.params, router),
  )
  if (waitMs === undefined) return false
  const isAllowed = rooms.retryBudget.tryWithdraw(now)
  rooms.countRetry(group.name, isAllowed)
  if (!isAllowed) {
    exchange.requireTrace().refusedByBudget += 1
    return false
  }
  if (waitMs > 0) await pause(waitMs, around)
  return true
}
