import { setTimeout as sleep } from 'node:timers/promises'

import { toGatewayError } from '../errors/envelope.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Exchange } from './exchange.ts'
import type { Rooms } from './rooms.ts'

const baseWaitMs = 50
const longestWaitMs = 2_000

// Trying the same server again helps where it broke, not where it refused, lacked, rated or fell silent.
const passing: ReadonlySet<ErrorCode> = new Set([
  'upstream_failed',
  'upstream_unreachable',
  'upstream_nonsense',
])

/**
 * Tries each candidate until one answers; only an error that another attempt may mend moves on. When all
 * have failed they are tried again, with full jitter between rounds, up to `num_retries` in all.
 */
export async function tryInTurn(
  candidates: readonly Deployment[],
  exchange: Exchange,
  rooms: Rooms,
  attempt: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const attempts = Math.max(1 + retriesOf(candidates, exchange), priorityClasses(candidates))
  const spent: Deployment[] = []
  let failure: GatewayError | undefined
  for (let count = 0; count < attempts && spent.length < candidates.length; count += 1) {
    const deployment = candidates[count % candidates.length]
    if (!deployment || spent.includes(deployment)) continue
    if (count >= candidates.length) await waitBefore(Math.floor(count / candidates.length), rooms)
    try {
      await attempt(deployment)
      return
    } catch (thrown) {
      failure = toGatewayError(thrown)
      if (!failure.kind.next || failure.isFinal) throw failure
      if (!passing.has(failure.code)) spent.push(deployment)
    }
  }
  throw failure ?? noDeployment(exchange)
}

function retriesOf(candidates: readonly Deployment[], { serving }: Exchange): number {
  const own = candidates[0]?.params.numRetries
  return own ?? serving.module.router.numRetries
}

// Without retries a lower priority is still what a user wrote down for when a higher one is out.
function priorityClasses(candidates: readonly Deployment[]): number {
  if (candidates.length === 1) return 1
  return new Set(candidates.map(({ params }) => params.order ?? 0)).size
}

async function waitBefore(round: number, { random }: Rooms): Promise<void> {
  await sleep(random() * Math.min(longestWaitMs, baseWaitMs * 2 ** round))
}

function noDeployment(exchange: Exchange): GatewayError {
  return new GatewayError(
    'no_deployment_available',
    `No deployment of model ${exchange.model} can be tried.`,
    {
      retryAfterSeconds: 1,
    },
  )
}
