import { fieldOf } from '../../modules/json-object.ts'
import type { ModelRequest } from './provider.ts'
import type { JsonObject } from './read-json.ts'

export type Chunk = Record<string, unknown>

/** What a chunk has beside its choices. */
interface Besides {
  /** The upstream's own, where it gives one. */
  readonly id?: string
  /** In the last chunk alone. */
  readonly usage?: unknown
}

/** One chunk of a chat in OpenAI's words. All have a `usage` where the caller asked for it. */
export function chatChunk(
  request: ModelRequest,
  choices: readonly JsonObject[],
  { id = request.answerId, usage = null }: Besides = {},
): Chunk {
  return {
    id,
    object: 'chat.completion.chunk',
    created: request.createdSeconds,
    model: request.model,
    choices,
    ...(isUsageAsked(request) && { usage }),
  }
}

/** Whether the caller wants `usage` in a last chunk of its own. */
export function isUsageAsked({ fields }: ModelRequest): boolean {
  return fieldOf(fields.stream_options, 'include_usage') === true
}
