import type { FastifyRequest } from 'fastify'

import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import type { StoredCredential } from '../storage/stored-models.ts'
import { actorOf, requireRight, type Actor } from './actor.ts'
import type { Desk } from './desk.ts'
import type { Routes } from './routes.ts'
import { id, jsonMap } from './field.ts'
import { need, readFields } from './read-fields.ts'
import {
  maskedValues,
  overtaken,
  refuseOwnVariables,
  requireSealer,
  sealValues,
} from './sealed-values.ts'

const mostBytes = 64 * 1024
const fields = {
  credential_name: id('a name'),
  credential_values: jsonMap(mostBytes),
  credential_info: jsonMap(16 * 1024),
}

/** `/credentials`: provider keys that several models share, sealed in the database, as LiteLLM has them. */
export function addCredentialRoutes(routes: Routes, gateway: Gateway, desk: Desk): void {
  const { stored } = gateway.storage
  const admit = async (request: FastifyRequest, right: 'read' | 'change'): Promise<Actor> => {
    const actor = actorOf(await desk.authenticate(request))
    requireRight(actor, right, '/credentials')
    return actor
  }

  routes.post('/credentials', async (request) => {
    const actor = await admit(request, 'change')
    const { sent, warnings } = readFields(fields, await desk.readBody(request))
    const name = need(sent.credential_name, 'credential_name', 'a name')
    const values = need(sent.credential_values, 'credential_values', 'keys and values')
    refuseOwnVariables(values, 'credential_values')
    const sealed = sealValues(values, aboutOf(name), requireSealer(gateway))
    const info = sent.credential_info ?? {}
    if (!(await stored.addCredential({ name, sealed, info }, actor.name))) {
      throw new GatewayError(
        'invalid_request',
        `There is a credential ${name} already: change it with PATCH /credentials/${name}.`,
        { param: 'credential_name' },
      )
    }
    await gateway.stored.refresh()
    return told('Credential created successfully', warnings)
  })

  routes.get('/credentials', async (request) => {
    await admit(request, 'read')
    const all = await stored.credentials()
    return { success: true, credentials: all.map((one) => shapeOf(one, gateway)) }
  })

  routes.get('/credentials/by_name/:name', async (request) => {
    await admit(request, 'read')
    return shapeOf(await find(nameIn(request)), gateway)
  })

  routes.patch('/credentials/:name', async (request) => {
    const actor = await admit(request, 'change')
    const { sent, warnings } = readFields(fields, await desk.readBody(request))
    const known = await find(nameIn(request))
    const sealer = requireSealer(gateway)
    refuseOwnVariables(sent.credential_values, 'credential_values')
    const values = { ...openedOf(known, gateway), ...sent.credential_values }
    const sealed = sealValues(values, aboutOf(known.name), sealer)
    const info = { ...known.info, ...sent.credential_info }
    const changed = { name: known.name, sealed, info }
    if (!(await stored.changeCredential(changed, known, actor.name))) throw overtaken(known.name)
    await gateway.stored.refresh()
    return told('Credential updated successfully', warnings)
  })

  routes.delete('/credentials/:name', async (request) => {
    await admit(request, 'change')
    const { name } = await find(nameIn(request))
    await stored.removeCredential(name)
    await gateway.stored.refresh()
    return told('Credential deleted successfully', [])
  })

  async function find(name: string): Promise<StoredCredential> {
    const found = await stored.credential(name)
    if (found) return found
    throw new GatewayError(
      'not_found',
      `There is no credential ${JSON.stringify(name.slice(0, 100))}: GET /credentials lists them.`,
    )
  }
}

function told(message: string, warnings: readonly string[]): Record<string, unknown> {
  return { success: true, message, ...(warnings.length > 0 && { warnings }) }
}

function aboutOf(name: string): string {
  return `credential ${name}`
}

function nameIn({ params }: FastifyRequest): string {
  const name = isObject(params) ? params['name'] : undefined
  return typeof name === 'string' ? name : ''
}

function openedOf({ name, sealed }: StoredCredential, { configuration }: Gateway) {
  try {
    const values: unknown = JSON.parse(configuration.sealer?.open(sealed, aboutOf(name)) ?? 'null')
    return isObject(values) ? values : {}
  } catch (cause) {
    throw new GatewayError(
      'not_ready',
      `The credential ${name} cannot be opened: ${cause instanceof Error ? cause.message : 'it is not whole'}. Or delete it and make it anew.`,
      { cause },
    )
  }
}

function shapeOf(credential: StoredCredential, gateway: Gateway): Record<string, unknown> {
  let values: Record<string, unknown>
  try {
    values = maskedValues(openedOf(credential, gateway))
  } catch {
    values = {}
  }
  return {
    credential_name: credential.name,
    credential_values: values,
    credential_info: credential.info,
  }
}
