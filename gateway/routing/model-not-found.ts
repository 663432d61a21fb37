import { nearestNames } from '../../modules/nearest-name.ts'
import { GatewayError } from '../errors/gateway-error.ts'

const longestShownName = 100

/** A 404 that names what the caller may have meant. */
export function modelNotFound(
  model: string,
  listed: readonly { readonly id: string }[],
): GatewayError {
  const names = listed.map(({ id }) => id)
  const near = nearestNames(model.slice(0, longestShownName), names, 3)
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : names.length > 0
        ? `This module has ${names.slice(0, 20).join(', ')}.`
        : 'This module has no usable model; its log and /config/status say why.'
  const shown = model.length > longestShownName ? `${model.slice(0, longestShownName)}…` : model
  return new GatewayError(
    'model_not_found',
    `Invalid model name passed in model=${shown}. ${hint} \`GET /v1/models\` lists all.`,
    { param: 'model' },
  )
}
