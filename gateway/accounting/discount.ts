import type { Margin, PriceSettings } from '../../modules/module.ts'
import type { Cost } from './cost.ts'
import { toNano, wholeNano, type Nanodollars } from './money.ts'

/** What a module takes off a provider's prices and puts on them. */
export interface Terms {
  /** A part of 1. */
  readonly discount: number
  /** A part of 1, of what is left behind the discount. */
  readonly margin: number
  /** On each request. */
  readonly feeNano: Nanodollars
}

/** What a cost was before, and what was taken off it and put on it: their sum is the cost. */
export interface CostChange {
  readonly original: Nanodollars
  readonly discount: Nanodollars
  readonly margin: Nanodollars
  /** Of the margin, the part that goes by percentage; a part of 1. */
  readonly marginPart: number
}

/** The terms of a provider, by LiteLLM's names; undefined where it has none. */
export function termsOf(
  provider: string,
  { discounts = {}, margins = {} }: PriceSettings,
): Terms | undefined {
  const discount = ofProvider(discounts, provider) ?? 0
  const margin = ofProvider(margins, provider) ?? margins['global']
  const { part, fee } = partsOf(margin)
  if (discount === 0 && part === 0 && fee === 0) return undefined
  return { discount, margin: part, feeNano: toNano(fee) }
}

/** By how much an amount grows or shrinks, its fee aside. */
export function factorOf(terms: Terms | undefined): number {
  return terms ? (1 - terms.discount) * (1 + terms.margin) : 1
}

/** A cost under these terms. Its parts still add up to the whole; a fee is one of its units. */
export function onTerms(cost: Cost, terms: Terms | undefined): Cost {
  if (!terms) return cost
  const original = cost.total
  const discount = Math.min(original, wholeNano(original * terms.discount))
  const margin = wholeNano((original - discount) * terms.margin) + terms.feeNano
  const total = wholeNano(original - discount + margin)
  const kept = total - terms.feeNano
  const shareOf = (part: Nanodollars): Nanodollars =>
    original === 0 ? 0 : Math.floor((part * kept) / original)
  const input = shareOf(cost.input)
  const cacheRead = shareOf(cost.cacheRead)
  const cacheWrite = shareOf(cost.cacheWrite)
  const units = shareOf(cost.units) + terms.feeNano
  // Tokens of answers take what rounding leaves, else whatever there is.
  const output = cost.output > 0 ? total - input - cacheRead - cacheWrite - units : 0
  const rest = total - input - cacheRead - cacheWrite - units - output
  return {
    total,
    input: input + (cost.input > 0 ? rest : 0),
    cacheRead,
    cacheWrite,
    output,
    units: units + (cost.input > 0 ? 0 : rest),
    change: { original, discount, margin, marginPart: terms.margin },
  }
}

/** What became of two costs together. */
export function sumOfChanges(a: Cost, b: Cost): CostChange | undefined {
  if (!a.change && !b.change) return undefined
  const one = a.change ?? unchanged(a)
  const other = b.change ?? unchanged(b)
  return {
    original: one.original + other.original,
    discount: one.discount + other.discount,
    margin: one.margin + other.margin,
    marginPart: b.change ? other.marginPart : one.marginPart,
  }
}

function unchanged({ total }: Cost): CostChange {
  return { original: total, discount: 0, margin: 0, marginPart: 0 }
}

// ollama_chat and cohere_chat are other words for the same servers.
function ofProvider<Value>(
  table: Readonly<Record<string, Value>>,
  provider: string,
): Value | undefined {
  const name = [provider, provider.replace(/_chat$/, '')].find((one) => Object.hasOwn(table, one))
  return name === undefined ? undefined : table[name]
}

function partsOf(margin: Margin | undefined): { readonly part: number; readonly fee: number } {
  if (typeof margin === 'number') return { part: margin, fee: 0 }
  return { part: margin?.percentage ?? 0, fee: margin?.fixed_amount ?? 0 }
}
