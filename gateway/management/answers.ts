import type { FastifyRequest } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import { answer } from './answer.ts'
import { createDesk } from './desk.ts'
import { managementPaths, type ManagementPath } from './paths.ts'
import { createHandlers } from './routes.ts'

/** Answers a request at a management path. Rejects with what is wrong with it. */
export type Answers = (name: string, request: FastifyRequest) => Promise<unknown>

export function createAnswers(gateway: Gateway): Answers {
  const desk = createDesk(gateway)
  const handlers = createHandlers(gateway, desk)
  return async (name, request) => {
    if (!isAccountPath(name)) return handlers.get(name)?.(request)
    return answer({
      path: name,
      caller: await desk.authenticate(request),
      request,
      gateway,
      desk,
    })
  }
}

function isAccountPath(name: string): name is ManagementPath {
  return managementPaths.some((path) => path === name)
}
