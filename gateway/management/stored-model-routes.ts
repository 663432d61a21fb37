import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import type { StoredModel } from '../storage/stored-models.ts'
import { actorOf, requireRight, type Actor } from './actor.ts'
import type { Desk } from './desk.ts'
import type { Routes } from './routes.ts'
import { flag, id, jsonMap, listOf, name } from './field.ts'
import { need, readFields, type Read } from './read-fields.ts'
import {
  maskedValues,
  overtaken,
  refuseOwnVariables,
  requireSealer,
  sealValues,
} from './sealed-values.ts'

const fields = {
  model_name: name('the name callers ask for'),
  litellm_params: jsonMap(64 * 1024),
  model_info: jsonMap(64 * 1024),
  modules: listOf(name('the name of a module')),
  blocked: flag,
  id: id('an id'),
  model_id: id('an id'),
}

type Sent = Read<typeof fields>['sent']

/** `/model/new`, `/model/update`, `/model/delete`: models that stand in the database, as LiteLLM has them. */
export function addStoredModelRoutes(routes: Routes, gateway: Gateway, desk: Desk): void {
  const { stored } = gateway.storage
  const admit = async (request: FastifyRequest): Promise<Actor> => {
    const actor = actorOf(await desk.authenticate(request))
    requireRight(actor, 'change', request.url.split('?')[0] ?? '')
    requireStoring(gateway)
    return actor
  }

  routes.post('/model/new', async (request) => {
    const actor = await admit(request)
    const { sent, warnings } = readFields(fields, await desk.readBody(request))
    const modelName = need(sent.model_name, 'model_name', 'the name callers ask for')
    const params = need(sent.litellm_params, 'litellm_params', 'at least a model')
    const given = sent.model_info?.['id'] ?? sent.id ?? sent.model_id
    const modelId = typeof given === 'string' && given !== '' ? given : randomUUID()
    const model = draft({ id: modelId, modelName, params, sent, known: undefined })
    const row = await stored.addModel(sealedOf(model, gateway), actor.name)
    if (!row) {
      throw new GatewayError(
        'invalid_request',
        `There is a model with the id ${modelId} already: change it with /model/update.`,
        { param: 'model_info.id' },
      )
    }
    await gateway.stored.refresh()
    return shapeOf(row, params, warnings)
  })

  const update = async (request: FastifyRequest, pathId?: string) => {
    const actor = await admit(request)
    const { sent, warnings } = readFields(fields, await desk.readBody(request))
    const given = pathId ?? sent.model_info?.['id'] ?? sent.model_id ?? sent.id
    const known = await find(typeof given === 'string' ? given : undefined)
    const params = { ...openedOf(known, gateway), ...sent.litellm_params }
    const modelName = sent.model_name ?? known.modelName
    const model = draft({ id: known.id, modelName, params, sent, known })
    const row = await stored.changeModel(sealedOf(model, gateway), known, actor.name)
    if (!row) throw overtaken(known.id)
    await gateway.stored.refresh()
    return shapeOf(row, params, warnings)
  }
  routes.post('/model/update', (request) => update(request))
  routes.patch('/model/:id/update', (request) => update(request, idIn(request)))

  routes.post('/model/delete', async (request) => {
    await admit(request)
    const { sent } = readFields(fields, await desk.readBody(request))
    const known = await find(sent.id ?? sent.model_id ?? undefined)
    await stored.removeModel(known.id)
    await gateway.stored.refresh()
    return { message: `Model: ${known.id} deleted successfully` }
  })

  async function find(modelId: string | undefined): Promise<StoredModel> {
    const found = modelId === undefined ? undefined : await stored.model(modelId)
    if (found) return found
    const isOfFile = gateway
      .requireServing()
      .router.deployments.some((deployment) => deployment.id === modelId)
    throw new GatewayError(
      isOfFile ? 'invalid_request' : 'not_found',
      isOfFile
        ? `The model ${modelId} stands in the module's file: change it there.`
        : 'Expected the id of a stored model: GET /model/info shows them, with db_model: true.',
      { param: 'id' },
    )
  }
}

function requireStoring(gateway: Gateway): void {
  const { module } = gateway.requireServing()
  if (module.general.areModelsStored) return
  throw new GatewayError(
    'invalid_request',
    `This module takes its models from its file alone: set general_settings.store_model_in_db: true in modules/${module.name}.yaml, and in those of all modules that shall serve stored models.`,
  )
}

interface Draft {
  readonly id: string
  readonly modelName: string
  readonly params: Readonly<Record<string, unknown>>
  readonly info: Readonly<Record<string, unknown>>
  readonly modules: readonly string[]
  readonly isBlocked: boolean
}

function draft(parts: {
  readonly id: string
  readonly modelName: string
  readonly params: Readonly<Record<string, unknown>>
  readonly sent: Sent
  readonly known: StoredModel | undefined
}): Draft {
  const { sent, known, params, modelName } = parts
  refuseOwnVariables(params, 'litellm_params')
  const { id: _, ...info } = sent.model_info ?? {}
  return {
    id: parts.id,
    modelName,
    // Null takes a parameter away.
    params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null)),
    info: { ...known?.info, ...info },
    modules: sent.modules ?? known?.modules ?? [],
    isBlocked: sent.blocked ?? known?.isBlocked ?? false,
  }
}

/** Sealed for the database, once it is known that a gateway can serve it. */
function sealedOf({ params, ...model }: Draft, gateway: Gateway) {
  const sealer = requireSealer(gateway)
  const fault = gateway.configuration.faultOf({ ...model, params })
  if (fault !== undefined) throw new GatewayError('invalid_request', fault)
  return { ...model, sealed: sealValues(params, `model ${model.id}`, sealer) }
}

function openedOf({ id: modelId, sealed }: StoredModel, { configuration }: Gateway) {
  try {
    const params: unknown = JSON.parse(
      configuration.sealer?.open(sealed, `model ${modelId}`) ?? 'null',
    )
    return isObject(params) ? params : {}
  } catch (cause) {
    throw new GatewayError(
      'not_ready',
      `The model ${modelId} cannot be opened: ${cause instanceof Error ? cause.message : 'it is not whole'}. Or delete it and make it anew.`,
      { cause },
    )
  }
}

function shapeOf(
  row: StoredModel,
  params: Readonly<Record<string, unknown>>,
  warnings: readonly string[],
): Record<string, unknown> {
  return {
    model_id: row.id,
    model_name: row.modelName,
    litellm_params: maskedValues(params),
    model_info: { ...row.info, id: row.id, db_model: true },
    modules: row.modules,
    blocked: row.isBlocked,
    created_at: row.createdAt,
    created_by: row.createdBy,
    updated_at: row.updatedAt,
    updated_by: row.updatedBy,
    ...(warnings.length > 0 && { warnings }),
  }
}

function idIn({ params }: FastifyRequest): string {
  const modelId = isObject(params) ? params['id'] : undefined
  return typeof modelId === 'string' ? modelId : ''
}
