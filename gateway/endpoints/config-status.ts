import type { FastifyInstance } from 'fastify'

import { authenticate } from '../auth/keyring.ts'
import type { Gateway } from './gateway.ts'

/** `GET /config/status`: which generation each worker serves, and what is wrong with a newer one. Master key only. */
export function addConfigStatus(app: FastifyInstance, gateway: Gateway): void {
  app.get('/config/status', async (request) => {
    const { serving } = gateway.configuration
    // Before there is a key nobody can show one, and what is missing is exactly what must be seen.
    if (serving) authenticate(request.raw.headers, serving.keyring)
    const workers = await gateway.askAll('config')
    return { module: gateway.moduleName, workers }
  })
}
