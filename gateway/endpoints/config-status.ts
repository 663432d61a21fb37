import type { FastifyInstance } from 'fastify'

import { requireOverview } from '../auth/rights.ts'
import { askCaller } from './ask-caller.ts'
import type { Gateway } from './gateway.ts'

/** `GET /config/status`: which generation each worker serves, and what is wrong with a newer one. */
export function addConfigStatus(app: FastifyInstance, gateway: Gateway): void {
  app.get('/config/status', async (request) => {
    const { serving } = gateway.configuration
    // Before there is a key nobody can show one, and what is missing is exactly what must be seen.
    if (serving) requireOverview(await askCaller(request, gateway, serving), '/config/status')
    const workers = await gateway.askAll('config')
    return { module: gateway.moduleName, workers }
  })
}
