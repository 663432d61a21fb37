import { toGatewayError } from '../errors/envelope.ts'
import type { Credentials } from '../providers/credentials.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { recordFailure, recordStep } from './attempt-outcome.ts'
import type { Outgoing } from './outgoing.ts'

/** The call with the token it is to carry. That none is to be had is a failure of the deployment. */
export async function authorize(
  outgoing: Outgoing,
  deployment: Deployment,
  credentials: Credentials,
  { asked, around }: { readonly asked: Asked; readonly around: Surroundings },
): Promise<Outgoing> {
  const { exchange, rooms } = around
  const startedAt = rooms.now()
  try {
    const token = await rooms.tokenFor(credentials)
    const { call } = outgoing
    return { ...outgoing, call: { ...call, headers: [...token, ...call.headers] } }
  } catch (thrown) {
    const failure = toGatewayError(thrown)
    const ticket = deployment.health.begin(startedAt)
    rooms.countAttempt(exchange, deployment, failure.code, failure.status)
    recordFailure(deployment, failure, asked, around, { startedAt, ticket })
    deployment.health.end(ticket)
    recordStep(deployment, failure, around, { startedAt, before: undefined, queuedMs: undefined })
    throw failure
  }
}
