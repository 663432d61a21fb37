import type { FaultList } from './fault-list.ts'
import { fieldOf, isObject } from './json-object.ts'
import type { DeploymentParams } from './module.ts'
import { optional } from './optional.ts'
import type { paramsSchema } from './params-schema.ts'
import { isPlainPrice, isPriceKey } from './price-keys.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'
import type { Path } from './yaml-source.ts'

type Params = ValueOf<typeof paramsSchema>
type Info = Readonly<Record<string, unknown>>
type Prices = Pick<
  DeploymentParams,
  | 'inputCostPerToken'
  | 'outputCostPerToken'
  | 'prices'
  | 'baseModel'
  | 'watts'
  | 'pricePerKwh'
  | 'unpriced'
>

interface Reading {
  readonly reader: SchemaReader
  readonly faults: FaultList
}

/** What a deployment costs: LiteLLM's prices from `litellm_params`, else from `model_info`, and the energy it draws. */
export function readPrices(params: Params, entry: Entry, path: Path, reading: Reading): Prices {
  const written = isObject(entry.written) ? entry.written : {}
  const prices: Record<string, unknown> = {
    ...readSheet(entry.info, [...path, 'model_info'], reading),
    ...readSheet(written, [...path, 'litellm_params'], reading),
  }
  const { input_cost_per_token: input, output_cost_per_token: output } = prices
  const base = params.base_model ?? fieldOf(entry.info, 'base_model')
  return {
    ...(typeof input === 'number' && { inputCostPerToken: input }),
    ...(typeof output === 'number' && { outputCostPerToken: output }),
    ...(Object.keys(prices).length > 0 && { prices }),
    ...(typeof base === 'string' && base.trim() !== '' && { baseModel: base.trim() }),
    ...optional('watts', params.watts),
    ...optional('pricePerKwh', params.price_per_kwh),
    ...optional('unpriced', params.unpriced),
  }
}

interface Entry {
  /** `litellm_params` as it stands in the file. */
  readonly written: unknown
  readonly info: Info
}

function readSheet(block: Info, path: Path, { reader, faults }: Reading): Record<string, unknown> {
  const prices: [string, unknown][] = []
  for (const [key, value] of Object.entries(block)) {
    if (!isPriceKey(key) || value === undefined || value === null) continue
    const filled = reader.readFreely(value, [...path, key])
    const price = isPlainPrice(key) ? readPrice(filled, [...path, key], faults) : filled
    if (price !== undefined) prices.push([key, price])
  }
  return Object.fromEntries(prices)
}

function readPrice(written: unknown, path: Path, faults: FaultList): number | undefined {
  if (written === undefined || written === null) return undefined
  const price = typeof written === 'string' && written.trim() !== '' ? Number(written) : written
  if (typeof price === 'number' && Number.isFinite(price) && price >= 0) return price
  if (typeof written === 'string' && /\$\{|^os\.environ\//.test(written)) return undefined
  // What the schema refuses has been reported with the rest of the entry.
  if (isOfSchema(path)) return undefined
  faults.warning(path, 'expected a number of USD, found another value: the price is not known')
  return undefined
}

function isOfSchema(path: Path): boolean {
  const [block, key] = path.slice(-2)
  return (
    block === 'litellm_params' &&
    (key === 'input_cost_per_token' || key === 'output_cost_per_token')
  )
}
