import type { FastifyInstance, FastifyRequest } from 'fastify'

import { authenticateIfShown } from '../auth/keyring.ts'
import { requireUse } from '../auth/rights.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { modelsFor } from '../pipeline/model-rights.ts'
import { useOf } from './ask-caller.ts'
import type { Gateway } from './gateway.ts'
import type { ListedModel } from '../routing/router.ts'

// LiteLLM answers this time for every model; clients have it in their snapshots.
const created = 1_677_610_602

/**
 * `GET /v1/models`: names, open without a key; with a virtual key those that it may use. A key that is shown must be
 * right.
 */
export function addModelList(app: FastifyInstance, gateway: Gateway): void {
  const list = async (request: FastifyRequest) => {
    const { models, isKeyShown } = await modelsShown(request, gateway)
    return { object: 'list', data: models.map((model) => describe(model, isKeyShown)) }
  }
  const one = async (request: FastifyRequest) => {
    const { models, isKeyShown } = await modelsShown(request, gateway)
    const id = idOf(request.params)
    const model = models.find((listed) => listed.id === id)
    if (model) return describe(model, isKeyShown)
    throw new GatewayError('model_not_found', `The model \`${id.slice(0, 100)}\` does not exist.`, {
      param: 'model',
    })
  }
  for (const base of ['/v1/models', '/models']) {
    app.get(base, list)
    app.get(`${base}/*`, one)
  }
}

interface Shown {
  readonly models: readonly ListedModel[]
  readonly isKeyShown: boolean
}

async function modelsShown(request: FastifyRequest, gateway: Gateway): Promise<Shown> {
  const { keyring, router } = gateway.requireServing()
  const caller = await authenticateIfShown(request.raw.headers, keyring)
  const access = caller?.access
  if (!caller || !access) return { models: router.listed, isKeyShown: caller !== undefined }
  requireUse(caller, useOf(request, gateway))
  return { models: modelsFor(access, router), isKeyShown: true }
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
