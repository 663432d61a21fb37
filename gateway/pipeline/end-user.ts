import type { IncomingHttpHeaders } from 'node:http'

import { isObject } from '../../modules/json-object.ts'

const longest = 256

/**
 * Whom a caller serves, as it says: LiteLLM's headers, then OpenAI's `user`, then Anthropic's `metadata.user_id`.
 * Undefined where it says nothing.
 */
export function endUserOf(
  request: { field(name: string): unknown },
  headers: IncomingHttpHeaders,
): string | undefined {
  const said =
    headers['x-litellm-end-user-id'] ??
    headers['x-litellm-customer-id'] ??
    request.field('user') ??
    userIn(request.field('metadata'))
  if (typeof said !== 'string' || said === '') return undefined
  return said.length > longest ? said.slice(0, longest) : said
}

function userIn(metadata: unknown): unknown {
  return isObject(metadata) ? metadata['user_id'] : undefined
}
