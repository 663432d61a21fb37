import type { EndpointName } from '../../modules/endpoints.ts'
import type { CallerDialect, CallerRequest } from '../dialects/caller-dialect.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { readJsonRequest, type JsonRequest } from './json-request.ts'

/** What a caller speaks over a model that only chats. */
export interface Face {
  readonly dialect: CallerDialect
  readonly asked: CallerRequest
}

// Read when the first request comes that needs one.
const dialects: Partial<Record<EndpointName, () => Promise<CallerDialect>>> = {
  messages: async () => (await import('../dialects/messages.ts')).messagesDialect,
  responses: async () => (await import('../dialects/responses.ts')).responsesDialect,
}

/** The face that an exchange wears before a chat model. */
export async function faceOf(asked: Asked, { exchange, rooms }: Surroundings): Promise<Face> {
  const { endpoint, id, model, keeping } = exchange
  const dialect = await dialects[endpoint.name]?.()
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
export function toChatRequest(
  { dialect, asked }: Face,
  { params, info, provider, target }: Deployment,
  model: string,
): JsonRequest {
  const fields = dialect.toChat(asked.fields, {
    reasons: info['supports_reasoning'] !== false,
    takesCacheMarks: provider.takesCacheMarks?.({ ...target, model }) === true,
    dropsParams: params.dropParams === true,
  })
  return readJsonRequest(Buffer.from(JSON.stringify(fields)))
}
