import type { FastifyRequest } from 'fastify'

import { SealError, sealedUnder, type Sealer } from '../auth/seal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { actorOf, requireRight, type Actor } from './actor.ts'
import type { Desk } from './desk.ts'
import type { Routes } from './routes.ts'
import { requireSealer } from './sealed-values.ts'

/**
 * `GET /salt/status`: what was made under which salt key. `POST /salt/rotate`: seals stored models and credentials
 * anew under the current one, so that a former one can be taken away once no virtual key hangs on it either.
 */
export function addSaltRoutes(routes: Routes, gateway: Gateway, desk: Desk): void {
  const admit = async (request: FastifyRequest): Promise<Actor> => {
    const actor = actorOf(await desk.authenticate(request))
    requireRight(actor, 'change', request.url.split('?')[0] ?? '')
    return actor
  }
  routes.get('/salt/status', async (request) => {
    await admit(request)
    return statusOf(gateway)
  })
  routes.post('/salt/rotate', async (request) => {
    const actor = await admit(request)
    const sealer = requireSealer(gateway)
    const count = await resealAll(gateway, sealer, actor.name)
    await gateway.stored.refresh()
    return { resealed: count, ...(await statusOf(gateway)) }
  })
}

async function statusOf({ configuration, stored, storage }: Gateway) {
  const [known, uses] = await Promise.all([storage.salts.find(), storage.salts.countUses()])
  const current = configuration.sealer?.id
  const ids = new Set([...(current === undefined ? [] : [current]), ...known.map(({ id }) => id)])
  return {
    state: stored.saltState,
    salt_keys: [...ids].map((id) => ({
      id,
      is_current: id === current,
      in_use_by: uses.get(id) ?? 0,
    })),
    ...(stored.saltState === 'changed' && { what_to_do: stored.saltWords }),
  }
}

async function resealAll({ storage }: Gateway, sealer: Sealer, by: string): Promise<number> {
  const { stored } = storage
  let count = 0
  for (const credential of await stored.credentials()) {
    const sealed = resealed(credential.sealed, `credential ${credential.name}`, sealer)
    if (sealed === undefined) continue
    if (await stored.changeCredential({ ...credential, sealed }, credential, by)) count += 1
  }
  for (const model of await stored.models()) {
    const sealed = resealed(model.sealed, `model ${model.id}`, sealer)
    if (sealed === undefined) continue
    if (await stored.changeModel({ ...model, sealed }, model, by)) count += 1
  }
  return count
}

/** Undefined: it is sealed under the current key already. */
function resealed(sealed: string, about: string, sealer: Sealer): string | undefined {
  if (sealedUnder(sealed) === sealer.id) return undefined
  try {
    return sealer.seal(sealer.open(sealed, about), about)
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause
    throw new GatewayError('not_ready', `The ${about} cannot be sealed anew: ${cause.message}.`, {
      cause,
    })
  }
}
