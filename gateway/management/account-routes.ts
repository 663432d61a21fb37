import type { FastifyInstance } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import type { Desk } from './desk.ts'
import { managementPaths, namesOf } from './paths.ts'

/** Keys, teams, users, budgets and customers, by LiteLLM's paths. What they do is read when the first is asked for. */
export function addAccounts(app: FastifyInstance, gateway: Gateway, desk: Desk): void {
  for (const path of managementPaths) {
    for (const name of namesOf(path)) {
      const [method = 'POST', url = ''] = name.split(' ')
      app.route({
        method,
        url,
        async handler(request, reply) {
          const caller = await desk.authenticate(request)
          const { answer } = await import('./answer.ts')
          void reply.header('cache-control', 'no-store')
          return answer({ path, caller, request, gateway, desk })
        },
      })
    }
  }
}
