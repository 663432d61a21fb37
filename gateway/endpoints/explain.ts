import type { FastifyInstance } from 'fastify'

import { roleOf } from '../auth/rights.ts'
import { fieldOf } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { askCaller } from './ask-caller.ts'
import type { Gateway } from './gateway.ts'

/**
 * `GET /explain/{id}`: why the exchange with this `x-litellm-call-id` went where it went, for an hour, from whichever worker
 * or replica served it. A virtual key is told of its own exchanges alone.
 */
export function addExplain(app: FastifyInstance, gateway: Gateway): void {
  app.get('/explain/:id', async (request) => {
    const caller = await askCaller(request, gateway)
    const id = idOf(request.params)
    const found = await gateway.findExplanation(id)
    const isShown = roleOf(caller) !== 'none' || fieldOf(found, 'caller') === caller.id
    if (found !== undefined && isShown) return found
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
