import type { FastifyRequest } from 'fastify'

import type { Caller } from '../auth/keyring.ts'
import { authenticateFor } from '../auth/rights.ts'
import { mayAsk } from '../pipeline/model-rights.ts'
import type { Serving } from '../pipeline/serving.ts'
import type { Gateway } from './gateway.ts'

/**
 * Who asks an endpoint beside the models, where its key may be used here at all. Rejects `invalid_api_key`,
 * `route_not_allowed`, `storage_unavailable`.
 */
export function askCaller(
  request: FastifyRequest,
  gateway: Gateway,
  serving: Serving = gateway.requireServing(),
): Promise<Caller> {
  return authenticateFor(request.raw.headers, serving.keyring, useOf(request, gateway))
}

/** The module and the path, as the route has it: however it is written, it is one. */
export function useOf(
  { routeOptions, url }: FastifyRequest,
  { moduleName: module }: Gateway,
): { readonly module: string; readonly path: string } {
  return { module, path: routeOptions.url ?? url }
}

/** Whether a caller may ask for a model of this module. */
export function mayAskFor({ access }: Caller, model: string, gateway: Gateway): boolean {
  return access === undefined || mayAsk(access, model, gateway.requireServing().router)
}
