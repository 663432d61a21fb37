import type { Dispatcher } from 'undici'

import type { Endpoint } from '../pipeline/endpoint.ts'
import type { PassRoute } from '../pipeline/pass-destination.ts'

/** Every method that passes. */
export const passedMethods: readonly Dispatcher.HttpMethod[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
]

/** A way through: what it is called, and where what stands behind its prefix leads. */
export interface Passage {
  readonly endpoint: Endpoint
  /** `/openai`. */
  readonly prefix: string
  /** The parameter of a query in which clients carry the key. */
  readonly queryKey?: string | undefined
  routeOf(rest: string): PassRoute
}

/** An endpoint as rows and metrics tell of it; what it is like matters to nobody here. */
export function passEndpoint(route: string, errors: Endpoint['errors']): Endpoint {
  return {
    name: 'chat-completions',
    shown: { name: 'pass-through', route },
    body: 'json',
    required: {},
    answer: 'bytes',
    hasStreamUsage: false,
    idPrefix: '',
    errors,
  }
}
