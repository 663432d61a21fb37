import type { FastifyRequest } from 'fastify'

import type { Caller } from '../auth/keyring.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { actorOf, requireRight } from './actor.ts'
import type { Answer } from './ask.ts'
import { createHouse } from './create-house.ts'
import type { Desk } from './desk.ts'
import { operations } from './operations.ts'
import type { ManagementPath } from './paths.ts'
import { Query } from './query.ts'

interface Asked {
  readonly path: ManagementPath
  readonly caller: Caller
  readonly request: FastifyRequest
  readonly gateway: Gateway
  readonly desk: Desk
}

/** Answers one question at a management path, in one transaction. */
export async function answer({ path, caller, request, gateway, desk }: Asked): Promise<Answer> {
  const { right, run } = operations[path]
  const actor = actorOf(caller)
  requireRight(actor, right, path.slice(path.indexOf('/')))
  const body = request.method === 'POST' ? await desk.readBody(request) : {}
  const house = createHouse(gateway, desk)
  const key: unknown = Reflect.get(Object(request.params), 'key')
  const answered = await gateway.storage.accounts.inOne((accounts) =>
    run({
      actor,
      accounts,
      query: new Query(request.query),
      body,
      pathKey: typeof key === 'string' ? key : undefined,
      house,
    }),
  )
  if (right.startsWith('change')) {
    gateway.rooms.log.info({ by: actor.name, path }, 'changed by the management API')
  }
  return answered
}
