import type { FastifyInstance } from 'fastify'

import { fieldOf } from '../../modules/json-object.ts'
import { passableProviders, type PassableProvider } from '../pipeline/pass-providers.ts'
import type { Gateway } from './gateway.ts'
import { passedMethods, passEndpoint, type Passage } from './passage.ts'

/** `/{provider}/…`: a provider's own API, for what the gateway has no words for. Routes with a name go before it. */
export function addPassThrough(app: FastifyInstance, gateway: Gateway): void {
  const passages = new Map(passableProviders.map((one) => [one.name, passageOf(one)]))
  // One route for all: a tree of hundreds would take a tenth of a second at each start.
  const names = [...passages.keys()].map((name) => name.replaceAll(/[^\w-]/g, String.raw`\$&`))
  app.route({
    method: [...passedMethods],
    url: `/:provider(^(?:${names.join('|')})$)/*`,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => {
      const passage = passages.get(String(fieldOf(request.params, 'provider')))
      if (passage === undefined) return reply.callNotFound()
      const { acceptPassed } = await import('./pass-accept.ts')
      await acceptPassed(passage, request, reply, gateway)
      return reply
    },
    handler: () => undefined,
  })
}

function passageOf({ name, provider, speaksMessages }: PassableProvider): Passage {
  return {
    endpoint: passEndpoint(`/${name}/*`, speaksMessages ? 'anthropic' : 'openai'),
    prefix: `/${name}`,
    queryKey: provider.queryKey,
    routeOf: (rest) => ({ kind: 'provider', name, provider, rest }),
  }
}
