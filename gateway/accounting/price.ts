import { isObject } from '../../modules/json-object.ts'
import type { Terms } from './discount.ts'
import { offPeakHours, type IsWithin } from './off-peak.ts'
import type { PriceSheet } from './price-list.ts'
import { priceIn, tokenSteps, type FindSteps } from './price-rates.ts'

/** What one model costs at one deployment. Amounts are billionths of a dollar a unit; 0: that unit costs nothing. */
export interface Price {
  /** Where it is from: the module file, the list, the energy used, or nowhere because it costs nothing. */
  readonly source: 'file' | 'list' | 'energy' | 'free'
  /** Nothing of it costs anything. */
  readonly isFree: boolean
  /** Undefined: tokens are not what it is paid by. */
  readonly stepsOf: FindSteps | undefined
  /** Prices of tokens at certain hours; absent: they are the same at all. */
  readonly offPeak?: { readonly isWithin: IsWithin; readonly stepsOf: FindSteps }
  readonly perImage: number
  readonly perPixel: number
  /** Of sound that is read or made, else of the time a call takes. */
  readonly perSecond: number
  readonly perCharacter: number
  /** A search of a reranker. */
  readonly perQuery: number
  readonly perRequest: number
  /** A search in the web, by how much of it is read. */
  readonly perWebSearch: Readonly<Record<string, number>>
  /** What is taken off the cost and put on it; absent: nothing. */
  readonly terms?: Terms | undefined
}

/** A price under a module's terms. What is free stays so, unless each request has a fee. */
export function priceOn(terms: Terms | undefined, price: Price): Price {
  if (!terms) return price
  return { ...price, terms, isFree: price.isFree && terms.feeNano === 0 }
}

const perDollar = 1_000_000_000

/** A sheet made ready to be multiplied; undefined where no price is in it. */
export function createPrice(sheet: PriceSheet, source: Price['source']): Price | undefined {
  const stepsOf = tokenSteps(sheet)
  const first = (...keys: readonly string[]): number | undefined => {
    const prices = keys.map((key) => priceIn(sheet, key)).filter((price) => price !== undefined)
    return prices.find((price) => price > 0) ?? prices[0]
  }
  // What is taken in and what is given out are the same seconds and pictures: they are paid once.
  const units = {
    perImage: first('output_cost_per_image', 'input_cost_per_image'),
    perPixel: first('output_cost_per_pixel', 'input_cost_per_pixel'),
    perSecond: first('output_cost_per_second', 'input_cost_per_second', 'cost_per_second'),
    perCharacter: first('input_cost_per_character', 'output_cost_per_character'),
    perQuery: first('input_cost_per_query'),
    perRequest: first('input_cost_per_request'),
  }
  if (!stepsOf && Object.values(units).every((price) => price === undefined)) return undefined
  const rates = stepsOf?.('').flatMap((step) => Object.values(step.rates)) ?? []
  const perWebSearch = webSearchesOf(sheet)
  const all = [...Object.values(units), ...Object.values(perWebSearch), ...rates]
  return {
    source,
    isFree: all.every((price) => !price),
    stepsOf,
    ...offPeakOf(sheet),
    perImage: nano(units.perImage),
    perPixel: nano(units.perPixel),
    perSecond: nano(units.perSecond),
    perCharacter: nano(units.perCharacter),
    perQuery: nano(units.perQuery),
    perRequest: nano(units.perRequest),
    perWebSearch,
  }
}

/** What runs at home and is paid by nobody. */
export const freePrice: Price = {
  source: 'free',
  isFree: true,
  stepsOf: undefined,
  perImage: 0,
  perPixel: 0,
  perSecond: 0,
  perCharacter: 0,
  perQuery: 0,
  perRequest: 0,
  perWebSearch: {},
}

/** The price of a second at so many watts. */
export function energyPrice(watts: number, pricePerKwh: number): Price {
  const dollarsPerSecond = (watts / 1000 / 3600) * pricePerKwh
  const perSecond = dollarsPerSecond * perDollar
  return { ...freePrice, source: 'energy', isFree: perSecond === 0, perSecond }
}

function nano(price: number | undefined): number {
  return (price ?? 0) * perDollar
}

function offPeakOf(sheet: PriceSheet): Pick<Price, 'offPeak'> {
  const { off_peak_pricing: cheap, tiered_pricing: tiers, ...usual } = sheet
  const isWithin = isObject(cheap) ? offPeakHours(cheap) : undefined
  if (!isWithin || !isObject(cheap)) return {}
  const isWhole = 'input_cost_per_token' in cheap
  const stepsOf = tokenSteps({ ...usual, ...(isWhole ? {} : { tiered_pricing: tiers }), ...cheap })
  return stepsOf ? { offPeak: { isWithin, stepsOf } } : {}
}

function webSearchesOf(sheet: PriceSheet): Record<string, number> {
  const sizes = sheet['search_context_cost_per_query']
  if (!isObject(sizes)) return {}
  return Object.fromEntries(
    ['low', 'medium', 'high'].flatMap((size) => {
      const price = priceIn(sizes, `search_context_size_${size}`)
      return price === undefined ? [] : [[size, price * perDollar]]
    }),
  )
}
