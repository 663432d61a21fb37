import type { FastifyInstance } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import { addAccounts } from './account-routes.ts'
import { addCredentialRoutes } from './credential-routes.ts'
import { createDesk } from './desk.ts'
import { addModelInfo } from './model-info-routes.ts'
import { addSaltRoutes } from './salt-routes.ts'
import { addSpendRoutes } from './spend-routes.ts'
import { addStoredModelRoutes } from './stored-model-routes.ts'

/** LiteLLM's management paths. */
export function addManagement(app: FastifyInstance, gateway: Gateway): void {
  const desk = createDesk(gateway)
  addAccounts(app, gateway, desk)
  addSpendRoutes(app, gateway, desk)
  addModelInfo(app, gateway, desk)
  addCredentialRoutes(app, gateway, desk)
  addStoredModelRoutes(app, gateway, desk)
  addSaltRoutes(app, gateway, desk)
}
