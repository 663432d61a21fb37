import { GatewayError } from '../errors/gateway-error.ts'
import { hasShape, type Endpoint, type FieldShape } from './endpoint.ts'
import type { ReadRequest } from './serve.ts'

/** The asked model, once every required field is there. Throws `invalid_request` naming the first that is not. */
export function checkFields(
  request: ReadRequest,
  endpoint: Endpoint,
  pathModel: string | undefined,
): string {
  // As Azure and LiteLLM have it: what the path names is asked, whatever the body says.
  const model = pathModel ?? request.field('model')
  if (typeof model !== 'string' || model === '') {
    throw missing('model', model === undefined ? undefined : 'a model name')
  }
  for (const [name, shape] of requirementsOf(endpoint)) {
    if (shape === 'file') {
      if (request.kind === 'form' && !request.hasFile(name)) throw missing(name)
      continue
    }
    const kind = request.kindOf(name)
    if (kind === undefined) throw missing(name)
    if (!hasShape(kind, shape)) throw missing(name, shape)
  }
  return model
}

const requirements = new WeakMap<Endpoint, [string, FieldShape][]>()

function requirementsOf(endpoint: Endpoint): [string, FieldShape][] {
  let listed = requirements.get(endpoint)
  if (!listed) requirements.set(endpoint, (listed = Object.entries(endpoint.required)))
  return listed
}

function missing(param: string, expected?: string): GatewayError {
  const message = expected
    ? `Invalid type for '${param}': expected ${expected}.`
    : `Missing required parameter: '${param}'.`
  return new GatewayError('invalid_request', message, { param })
}
