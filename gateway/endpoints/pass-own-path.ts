import type { FastifyReply, FastifyRequest } from 'fastify'

import type { PassTarget } from '../../modules/module.ts'
import type { Gateway } from './gateway.ts'
import { passedMethods, passEndpoint, type Passage } from './passage.ts'

const kept = new WeakMap<PassTarget, Passage>()

/** Takes a request that no route is for, where a path of `pass_through_endpoints` is. False: nobody is. */
export async function acceptOwnPath(
  request: FastifyRequest,
  reply: FastifyReply,
  gateway: Gateway,
): Promise<boolean> {
  const { serving } = gateway.configuration
  if (serving?.module.general.passTargets === undefined) return false
  if (!passedMethods.some((method) => method === request.method)) return false
  const { findOwnPath } = await import('../pipeline/pass-own-target.ts')
  const found = findOwnPath(request.raw.url?.split('?')[0] ?? '', serving.module)
  if (found === undefined) return false
  const { acceptPassed } = await import('./pass-accept.ts')
  await acceptPassed(passageTo(found.target), request, reply, gateway)
  return true
}

function passageTo(target: PassTarget): Passage {
  const known = kept.get(target)
  if (known) return known
  const made: Passage = {
    endpoint: passEndpoint(target.path, 'openai'),
    prefix: target.path,
    routeOf: (rest) => ({ kind: 'own', target, rest }),
  }
  kept.set(target, made)
  return made
}
