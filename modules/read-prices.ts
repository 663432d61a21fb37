import type { FaultList } from './fault-list.ts'
import type { DeploymentParams } from './module.ts'
import { optional } from './optional.ts'
import type { paramsSchema } from './params-schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { Path } from './yaml-source.ts'

type Params = ValueOf<typeof paramsSchema>
type Info = Readonly<Record<string, unknown>>

/** USD a token, from `litellm_params`, else from `model_info`. */
export function readPrices(
  params: Params,
  info: Info,
  path: Path,
  faults: FaultList,
): Pick<DeploymentParams, 'inputCostPerToken' | 'outputCostPerToken'> {
  const priceIn = (key: string) => readPrice(info[key], [...path, 'model_info', key], faults)
  return {
    ...optional(
      'inputCostPerToken',
      params.input_cost_per_token ?? priceIn('input_cost_per_token'),
    ),
    ...optional(
      'outputCostPerToken',
      params.output_cost_per_token ?? priceIn('output_cost_per_token'),
    ),
  }
}

function readPrice(written: unknown, path: Path, faults: FaultList): number | undefined {
  if (written === undefined || written === null) return undefined
  const price = typeof written === 'string' && written.trim() !== '' ? Number(written) : written
  if (typeof price === 'number' && Number.isFinite(price) && price >= 0) return price
  if (typeof written === 'string' && written.includes('${')) return undefined
  faults.warning(path, 'expected a number of USD, found another value: the price is not known')
  return undefined
}
