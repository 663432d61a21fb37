import { isObject } from '../../modules/json-object.ts'
import type { PriceSheet } from './price-list.ts'

/** Billionths of a dollar a token, of each kind. */
export interface TokenRates {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  /** Written to be kept for an hour. */
  readonly cacheWriteHour: number
  readonly audioInput: number
  readonly imageInput: number
  readonly output: number
  readonly reasoning: number
  readonly audioOutput: number
  readonly imageOutput: number
}

/** Rates for prompts longer than `above` tokens; the whole request takes them. */
export interface RateStep {
  readonly above: number
  readonly rates: TokenRates
}

/** The steps of a service tier, shortest prompts first; `` is the usual tier. */
export type FindSteps = (tier: string) => readonly RateStep[]

type Kind = keyof TokenRates

/** Each kind, LiteLLM's key of its price, and the kind whose price it has where it has none. Plain ones go first. */
const kinds: readonly (readonly [kind: Kind, key: string, plain?: Kind])[] = [
  ['input', 'input_cost_per_token'],
  ['cacheRead', 'cache_read_input_token_cost', 'input'],
  ['cacheWrite', 'cache_creation_input_token_cost', 'input'],
  ['cacheWriteHour', 'cache_creation_input_token_cost_above_1hr', 'cacheWrite'],
  ['audioInput', 'input_cost_per_audio_token', 'input'],
  ['imageInput', 'input_cost_per_image_token', 'input'],
  ['output', 'output_cost_per_token'],
  ['reasoning', 'output_cost_per_reasoning_token', 'output'],
  ['audioOutput', 'output_cost_per_audio_token', 'output'],
  ['imageOutput', 'output_cost_per_image_token', 'output'],
]

const noRates: TokenRates = {
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  audioInput: 0,
  imageInput: 0,
  output: 0,
  reasoning: 0,
  audioOutput: 0,
  imageOutput: 0,
}

const perDollar = 1_000_000_000
const aboveKey = /_above_(\d+)k_tokens/

/** Prices of tokens by tier and length of the prompt; undefined where the sheet has none. */
export function tokenSteps(sheet: PriceSheet): FindSteps | undefined {
  const tables = pricingTables(sheet)
  const hasRates = (table: PriceSheet): boolean =>
    kinds.some(([, key]) => priceIn(table, key) !== undefined)
  if (!hasRates(sheet) && !tables.some(({ prices }) => hasRates(prices))) return undefined
  const known = new Map<string, readonly RateStep[]>()
  return (tier) => {
    const name = tierNames.get(tier) ?? ''
    let steps = known.get(name)
    if (!steps) known.set(name, (steps = createSteps(sheet, tables, name)))
    return steps
  }
}

/** Tiers as requests and answers name them, and as prices do. */
const tierNames: ReadonlyMap<string, string> = new Map([
  ['priority', '_priority'],
  ['fast', '_priority'],
  ['flex', '_flex'],
  ['batch', '_batches'],
  ['ultrafast', '_ultrafast'],
])

function createSteps(sheet: PriceSheet, tables: readonly Table[], tier: string): RateStep[] {
  if (tables.length > 0) {
    return tables.map(({ above, prices }) => ({
      above,
      rates: ratesOf((key) => priceIn(prices, key) ?? priceIn(sheet, key)),
    }))
  }
  const bounds = Object.keys(sheet).flatMap((key) => aboveKey.exec(key)?.[1] ?? [])
  const thousands = [...new Set(bounds)].map(Number).sort((a, b) => a - b)
  const usual = ratesOf((key) => priceIn(sheet, key))
  const ofTier = tier === '' ? usual : ratesOf((key) => priceIn(sheet, key + tier), usual)
  const longer = thousands.map((bound) => {
    const suffix = `_above_${bound}k_tokens`
    const find: FindPrice = (key) =>
      priceIn(sheet, key + suffix + tier) ?? priceIn(sheet, key + suffix)
    return { above: bound * 1000, rates: ratesOf(find, ofTier) }
  })
  return [{ above: 0, rates: ofTier }, ...longer]
}

type FindPrice = (key: string) => number | undefined

/**
 * The rates as `find` has them, else as they were before. A kind that cost what the plain one did goes on to do so
 * where only that has another price now.
 */
function ratesOf(find: FindPrice, before?: TokenRates): TokenRates {
  const rates: Record<Kind, number> = { ...noRates }
  for (const [kind, key, plain] of kinds) {
    const price = find(key)
    if (price !== undefined) rates[kind] = price * perDollar
    else if (plain === undefined) rates[kind] = before?.[kind] ?? 0
    else if (before === undefined || before[kind] === before[plain]) rates[kind] = rates[plain]
    else rates[kind] = before[kind]
  }
  return rates
}

interface Table {
  readonly above: number
  readonly prices: PriceSheet
}

/** `tiered_pricing`, ordered: a tier takes the whole request, by the tokens of its prompt. */
function pricingTables(sheet: PriceSheet): Table[] {
  const tiers = sheet['tiered_pricing']
  if (!Array.isArray(tiers)) return []
  return tiers
    .filter(isObject)
    .map((prices) => {
      const { range } = prices
      const above: unknown = Array.isArray(range) ? range[0] : undefined
      return { above: typeof above === 'number' ? above : 0, prices }
    })
    .sort((a, b) => a.above - b.above)
}

/** A sound price of a sheet; undefined where it has none. */
export function priceIn(sheet: PriceSheet, key: string): number | undefined {
  const written = sheet[key]
  const price = typeof written === 'string' && written.trim() !== '' ? Number(written) : written
  return typeof price === 'number' && price >= 0 && price < Infinity ? price : undefined
}
