import { isObject } from '../../modules/json-object.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isGiven, type JsonObject } from './read-json.ts'
import { mapUpstreamError } from './upstream-error.ts'

/** One answer or event as an object; the `error` in one, of Google's form, is thrown as if it had been the answer. */
export function readGoogle(answer: unknown, request: ModelRequest): JsonObject {
  const said = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer
  if (!isObject(said)) throw nonsense('an object was expected', request.model)
  if (!isGiven(said.error)) return said
  const code = isObject(said.error) ? countOf(said.error.code) : undefined
  const isStatus = code !== undefined && code >= 400 && code < 600
  throw mapUpstreamError({
    status: isStatus ? code : 500,
    body: Buffer.from(JSON.stringify({ error: said.error })),
    headers: {},
    model: request.model,
    nowMs: 0,
  })
}
