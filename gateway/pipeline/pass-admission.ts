import { GatewayError } from '../errors/gateway-error.ts'
import type { GateAdmission } from '../limits/gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import { flowOf, waitFor } from './admission.ts'
import type { Surroundings } from './attempt.ts'

const bytesPerToken = 3

/** A place in the quotas and slots of a deployment, for what goes there untranslated too; undefined: nothing bounds it. */
export async function admitPassed(
  { gate, modelName }: Deployment,
  bodyBytes: number,
  around: Surroundings,
): Promise<GateAdmission | undefined> {
  if (!gate) return undefined
  const { exchange, rooms } = around
  const ask = {
    flow: flowOf(exchange),
    tokens: Math.ceil(bodyBytes / bytesPerToken),
    patienceMs: Math.max(0, exchange.deadlineAt - rooms.now()),
  }
  const entry = gate.admit(ask, rooms.now())
  const admission = 'admitted' in entry ? await waitFor(entry, around) : entry
  if (admission) {
    exchange.queuedMs = admission.queuedMs
    exchange.queuePosition = admission.queuePosition
    return admission
  }
  throw new GatewayError(
    'rate_limit_exceeded',
    `The quota of ${modelName} is used up. Ask again later.`,
    { retryAfterSeconds: 60 },
  )
}
