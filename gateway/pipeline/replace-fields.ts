import { GatewayError } from '../errors/gateway-error.ts'
import { editBody } from './edit-body.ts'
import { readJsonRequest } from './json-request.ts'
import type { ReadRequest } from './serve.ts'

const nothing: ReadonlySet<string> = new Set()

/** The request with other values in some of its fields; the rest keeps its bytes. */
export function replaceFields(
  request: ReadRequest,
  fields: Readonly<Record<string, unknown>>,
): ReadRequest {
  if (request.kind === 'form') {
    throw new GatewayError(
      'invalid_request',
      'fallbacks: expected names only, since the fields of a form cannot be replaced.',
      { param: 'fallbacks' },
    )
  }
  const set = new Map<string, Buffer>()
  for (const [key, value] of Object.entries(fields))
    set.set(key, Buffer.from(JSON.stringify(value)))
  return readJsonRequest(editBody(request.bytes, request.members, { set, remove: nothing }))
}
