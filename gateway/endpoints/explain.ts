import type { FastifyInstance } from 'fastify'

import { authenticate } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from './gateway.ts'

/**
 * `GET /explain/{id}`: why the exchange with this `x-litellm-call-id` went where it went. Master key only; for an
 * hour, from whichever worker or replica served it.
 */
export function addExplain(app: FastifyInstance, gateway: Gateway): void {
  app.get('/explain/:id', async (request) => {
    const { keyring } = gateway.requireServing()
    const caller = authenticate(request.raw.headers, keyring)
    if (!caller.isMaster && keyring.keys.length > 0) {
      throw new GatewayError('model_not_allowed', 'Explanations are shown to the master key alone.')
    }
    const id = idOf(request.params)
    const found = await gateway.findExplanation(id)
    if (found !== undefined) return found
    throw new GatewayError(
      'not_found',
      'No exchange of the last hour has this id. It stands in the x-litellm-call-id header of each answer; without a database only the process that answered knows it, and not for longer than its last few thousand exchanges.',
    )
  })
}

function idOf(params: unknown): string {
  const id = params !== null && typeof params === 'object' ? Reflect.get(params, 'id') : undefined
  if (typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id)) return id
  throw new GatewayError(
    'invalid_request',
    'Expected the x-litellm-call-id of an answer: letters, digits and . : _ - only.',
  )
}
