import type { FastifyRequest } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import { addCredentialRoutes } from './credential-routes.ts'
import type { Desk } from './desk.ts'
import { addModelInfo } from './model-info-routes.ts'
import { addSaltRoutes } from './salt-routes.ts'
import { addSpendRoutes } from './spend-routes.ts'
import { addStoredModelRoutes } from './stored-model-routes.ts'

/** Answers one path. */
export type Handler = (request: FastifyRequest) => unknown

/** Where a group of paths says what answers them. */
export interface Routes {
  get(path: string, handler: Handler): void
  post(path: string, handler: Handler): void
  patch(path: string, handler: Handler): void
  delete(path: string, handler: Handler): void
}

/** What answers the later paths, by method and path. */
export function createHandlers(gateway: Gateway, desk: Desk): ReadonlyMap<string, Handler> {
  const handlers = new Map<string, Handler>()
  const take =
    (method: string) =>
    (path: string, handler: Handler): void =>
      void handlers.set(`${method} ${path}`, handler)
  const routes = {
    get: take('GET'),
    post: take('POST'),
    patch: take('PATCH'),
    delete: take('DELETE'),
  }
  addSpendRoutes(routes, gateway, desk)
  addModelInfo(routes, gateway, desk)
  addCredentialRoutes(routes, gateway, desk)
  addStoredModelRoutes(routes, gateway, desk)
  addSaltRoutes(routes, gateway, desk)
  return handlers
}
