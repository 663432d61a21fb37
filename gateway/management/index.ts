import type { FastifyInstance } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import { addAccounts } from './account-routes.ts'
import { createDesk } from './desk.ts'
import { laterPaths } from './later-paths.ts'
import type { Handler } from './routes.ts'

/** LiteLLM's management paths. */
export function addManagement(app: FastifyInstance, gateway: Gateway): void {
  const desk = createDesk(gateway)
  addAccounts(app, gateway, desk)
  let handlers: Promise<ReadonlyMap<string, Handler>> | undefined
  const read = () =>
    (handlers ??= import('./routes.ts').then(({ createHandlers }) => createHandlers(gateway, desk)))
  for (const name of laterPaths) {
    const [method = '', url = ''] = name.split(' ')
    app.route({
      method,
      url,
      handler: async (request) => (await read()).get(name)?.(request),
    })
  }
}
