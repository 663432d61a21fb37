import { GatewayError } from '../errors/gateway-error.ts'
import type { Provider } from '../providers/provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Exchange } from './exchange.ts'
import { kinshipOf } from './pass-providers.ts'
import type { Rooms } from './rooms.ts'

/** Whose name is not known. */
const unknown = '(unknown)'
const longestModel = 200

/** The model that a request in anybody's dialect names, in its body or its path; undefined: none is to be seen. */
export function modelIn(body: unknown, path: string): string | undefined {
  const inBody = body !== null && typeof body === 'object' ? Reflect.get(body, 'model') : undefined
  const [, inPath] = /\/(?:models?|deployments|engines|tunedModels)\/([^/:?]+)/.exec(path) ?? []
  const found = typeof inBody === 'string' && inBody !== '' ? inBody : decoded(inPath)
  return found === undefined || found.length > longestModel
    ? undefined
    : found.replace(/^models\//, '')
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The deployment whose address and key a request goes with: of this provider, the one with the model where there is one,
 * else the first that is well. Throws `not_found` where the module has none.
 */
export function findPassTarget(
  name: string,
  provider: Provider,
  model: string | undefined,
  { exchange, rooms }: { readonly exchange: Exchange; readonly rooms: Rooms },
): Deployment {
  const { deployments } = exchange.serving.router
  const closest = Math.max(0, ...deployments.map((one) => kinshipOf(provider, one.provider)))
  const own = deployments.filter((one) => kinshipOf(provider, one.provider) === closest)
  if (closest === 0 || own[0] === undefined) {
    throw new GatewayError(
      'not_found',
      `This module has no model at ${name}, so there is no key to go there with. Add one to model_list, such as {model_name: x, litellm_params: {model: ${provider.name}/x}}.`,
    )
  }
  const now = rooms.now()
  const isWell = ({ health }: Deployment): boolean => health.coolingMs(now) === 0
  const named = own.filter(
    ({ target, modelName }) => model !== undefined && [target.model, modelName].includes(model),
  )
  const known = named.find(isWell) ?? named[0]
  return known ?? strange(own.find(isWell) ?? own[0], model, exchange, rooms)
}

/** A deployment as it stands for a model that is not its own: same address and key, another price, no name in metrics. */
function strange(
  deployment: Deployment,
  model: string | undefined,
  { serving }: Exchange,
  rooms: Rooms,
): Deployment {
  const { params, provider, origin, pricing: _, ...rest } = deployment
  const { prices: _1, baseModel: _2, ...unpriced } = params
  const pricing = rooms.pricingOf({
    params: unpriced,
    provider: provider.name,
    model: model ?? '*',
    hostname: new URL(origin).hostname,
    settings: serving.module.prices,
  })
  const target = { ...deployment.target, model: unknown }
  return { ...rest, params, provider, origin, modelName: unknown, target, pricing }
}

/** Throws where the module serves nothing without a price, and the model that is named has none. */
export function requirePrice({ pricing }: Deployment, model: string | undefined): void {
  if (model === undefined || !pricing?.refuses(model)) return
  throw new GatewayError(
    'model_not_allowed',
    `Nobody knows the price of ${model}, and this gateway serves nothing without one: ask for another model.`,
    { param: 'model' },
  )
}
