import type { EndpointName } from '../../modules/endpoints.ts'
import type { CallerDialect, CallerRequest } from '../dialects/caller-dialect.ts'
import { messagesDialect } from '../dialects/messages.ts'
import { responsesDialect } from '../dialects/responses.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { readJsonRequest, type JsonRequest } from './json-request.ts'

/** What a caller speaks over a model that only chats. */
export interface Face {
  readonly dialect: CallerDialect
  readonly asked: CallerRequest
}

const dialects: Partial<Record<EndpointName, CallerDialect>> = {
  messages: messagesDialect,
  responses: responsesDialect,
}

/** The face that an exchange wears before a chat model. */
export function faceOf(asked: Asked, { exchange, rooms }: Surroundings): Face {
  const { endpoint, id, model, keeping } = exchange
  const dialect = dialects[endpoint.name]
  if (!dialect) throw new Error(`${endpoint.name} is no face over chat`)
  const nowSeconds = () => Math.floor(rooms.wallClock() / 1000)
  return {
    dialect,
    asked: {
      model,
      fields: asked.request.fields,
      answerId: `${endpoint.idPrefix}${id.replaceAll('-', '')}`,
      createdSeconds: Math.floor(exchange.startedAtMs / 1000),
      nowSeconds,
      ...(keeping && { isStored: keeping.ttlMs !== undefined }),
      ...(keeping?.previousId !== undefined && { previousId: keeping.previousId }),
    },
  }
}

/** The request in OpenAI's chat. */
export function toChatRequest({ dialect, asked }: Face, { params, info }: Deployment): JsonRequest {
  const fields = dialect.toChat(asked.fields, {
    reasons: info['supports_reasoning'] !== false,
    dropsParams: params.dropParams === true,
  })
  return readJsonRequest(Buffer.from(JSON.stringify(fields)))
}
