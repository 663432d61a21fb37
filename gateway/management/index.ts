import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Gateway } from '../endpoints/gateway.ts'
import type { Answers } from './answers.ts'
import { laterPaths } from './later-paths.ts'
import { managementPaths, namesOf } from './paths.ts'
import { PathTable } from './path-table.ts'

/** LiteLLM's management paths. */
export interface Management {
  /** Answers where the path is one of them. False: it is none. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
  hasPath(method: string, path: string): boolean
}

/** What answers is loaded when the first of the paths is asked for. */
export function createManagement(gateway: Gateway): Management {
  const table = new PathTable()
  for (const path of managementPaths) for (const asked of namesOf(path)) table.add(asked, path)
  for (const path of laterPaths) table.add(path, path)
  let answers: Promise<Answers> | undefined
  return {
    async answer(request, reply) {
      const found = table.find(request.method, request.url.split('?')[0] ?? '')
      if (!found) return false
      request.params = found.params
      answers ??= import('./answers.ts').then(({ createAnswers }) => createAnswers(gateway))
      const body = await (await answers)(found.name, request)
      void reply.header('cache-control', 'no-store').send(body)
      return true
    },
    hasPath: (method, path) => table.find(method, path) !== undefined,
  }
}
