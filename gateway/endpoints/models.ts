import type { FastifyInstance, FastifyRequest } from 'fastify'

import { authenticateIfShown } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from './gateway.ts'
import type { ListedModel } from '../routing/router.ts'

// LiteLLM answers this time for every model; clients have it in their snapshots.
const created = 1_677_610_602

/** `GET /v1/models`: names, open without a key; a key that is shown must be right. */
export function addModelList(app: FastifyInstance, gateway: Gateway): void {
  const list = (request: FastifyRequest) => {
    const serving = gateway.requireServing()
    const caller = authenticateIfShown(request.raw.headers, serving.keyring)
    return {
      object: 'list',
      data: serving.router.listed.map((model) => describe(model, caller !== undefined)),
    }
  }
  const one = (request: FastifyRequest) => {
    const serving = gateway.requireServing()
    const caller = authenticateIfShown(request.raw.headers, serving.keyring)
    const id = idOf(request.params)
    const model = serving.router.listed.find((listed) => listed.id === id)
    if (model) return describe(model, caller !== undefined)
    throw new GatewayError('model_not_found', `The model \`${id.slice(0, 100)}\` does not exist.`, {
      param: 'model',
    })
  }
  for (const base of ['/v1/models', '/models']) {
    app.get(base, list)
    app.get(`${base}/*`, one)
  }
}

const shownInfo = ['mode', 'max_input_tokens', 'max_output_tokens'] as const

function describe({ id, info }: ListedModel, isKeyShown: boolean): Record<string, unknown> {
  const model: Record<string, unknown> = { id, object: 'model', created, owned_by: 'openai' }
  if (isKeyShown) for (const key of shownInfo) if (info[key] !== undefined) model[key] = info[key]
  return model
}

function idOf(params: unknown): string {
  return params !== null && typeof params === 'object' ? String(Reflect.get(params, '*')) : ''
}
