import type { FastifyInstance, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import type { KeptResponse, ResponseOwner } from '../storage/responses.ts'
import { askCaller } from './ask-caller.ts'
import { endpointElsewhere } from './elsewhere.ts'
import type { Gateway } from './gateway.ts'

/** `/v1/responses/{id}`, its `/input_items` and `/cancel`: what is kept of a caller's own responses. */
export function addKeptResponses(app: FastifyInstance, gateway: Gateway): void {
  const { responses } = gateway.storage
  for (const base of ['/v1/responses', '/responses']) {
    app.get(`${base}/:id`, async (request) => {
      const { response } = await findOne(request)
      if (Reflect.get(Object(request.query), 'stream') !== 'true') return response
      throw new GatewayError(
        'unsupported_parameter',
        'A kept response is given whole: leave `stream` out.',
        { param: 'stream' },
      )
    })
    app.get(`${base}/:id/input_items`, async (request) => {
      const { input } = await findOne(request)
      return pageOf(Array.isArray(input) ? input : [], request.query)
    })
    app.delete(`${base}/:id`, async (request) => {
      const { owner, id } = await accept(request, gateway)
      if (!(await responses.remove(owner, id))) throw notFound(id)
      return { id, object: 'response', deleted: true }
    })
    app.post(`${base}/:id/cancel`, async (request) => {
      await accept(request, gateway)
      throw new GatewayError(
        'invalid_request',
        'Only responses made with background: true can be cancelled, and this gateway answers at once.',
      )
    })
  }

  async function findOne(request: FastifyRequest): Promise<KeptResponse> {
    const { owner, id } = await accept(request, gateway)
    const [found] = await responses.find(owner, [id])
    if (found) return found
    throw notFound(id)
  }
}

async function accept(
  request: FastifyRequest,
  gateway: Gateway,
): Promise<{ readonly owner: ResponseOwner; readonly id: string }> {
  const { module } = gateway.requireServing()
  const caller = await askCaller(request, gateway)
  if (!module.endpoints.includes('responses')) throw endpointElsewhere('responses', module)
  const id: unknown = Reflect.get(Object(request.params), 'id')
  if (typeof id !== 'string' || !/^[\w-]{1,128}$/.test(id))
    throw new GatewayError('invalid_request', 'Expected the id of a response: resp_…', {
      param: 'response_id',
    })
  if (module.general.storeResponsesMs === undefined) {
    throw new GatewayError(
      'not_found',
      `Response with id '${id}' not found: this module keeps none. Set general_settings.store_responses: {ttl: …} to have them kept.`,
    )
  }
  return { owner: { module: gateway.moduleName, caller: caller.id }, id }
}

function notFound(id: string): GatewayError {
  return new GatewayError(
    'not_found',
    `Response with id '${id}' not found. It is kept for as long as general_settings.store_responses says, for the key that asked it.`,
  )
}

const mostItems = 100

/** One page of items, the newest first unless `order=asc`. */
function pageOf(items: readonly unknown[], query: unknown): Record<string, unknown> {
  const asked = (name: string): string => String(Reflect.get(Object(query), name) ?? '')
  const limit = asked('limit') === '' ? 20 : Number(asked('limit'))
  if (!Number.isInteger(limit) || limit < 1 || limit > mostItems)
    throw new GatewayError('invalid_request', `'limit' must be from 1 to ${mostItems}.`, {
      param: 'limit',
    })
  const all = asked('order') === 'asc' ? items : items.toReversed()
  const after = asked('after')
  const from = after === '' ? 0 : all.findIndex((item) => idOf(item) === after) + 1
  if (after !== '' && from === 0)
    throw new GatewayError('invalid_request', "'after' names no item of this response.", {
      param: 'after',
    })
  const data = all.slice(from, from + limit)
  return {
    object: 'list',
    data,
    first_id: idOf(data[0]),
    last_id: idOf(data.at(-1)),
    has_more: from + limit < all.length,
  }
}

function idOf(item: unknown): string | null {
  const id: unknown = Reflect.get(Object(item), 'id')
  return typeof id === 'string' ? id : null
}
