import type { Unpriced } from '../../modules/module.ts'
import { factorOf, type Terms } from './discount.ts'
import { createPrice, freePrice, priceOn, type Price } from './price.ts'
import { findPictureSheet, priceOf, type Picture, type PricedDeployment } from './price-of.ts'
import type { FindSheet } from './price-list.ts'

const mostKept = 200
const usualPicture: Picture = { size: '1024x1024', quality: 'standard' }

interface PricingRules {
  readonly unpriced: Unpriced
  readonly find: FindSheet
  readonly terms?: Terms | undefined
}

/** What the models of one deployment cost. */
export class Pricing {
  /** Of its one model; undefined where that is not known, and under a wildcard. */
  readonly price: Price | undefined
  readonly unpriced: Unpriced
  readonly #deployment: PricedDeployment
  readonly #model: string
  readonly #find: FindSheet
  readonly #terms: Terms | undefined
  readonly #kept = new Map<string, Price | undefined>()

  constructor(
    deployment: PricedDeployment,
    model: string,
    { unpriced, find, terms }: PricingRules,
  ) {
    this.#terms = terms
    this.unpriced = unpriced
    this.#deployment = deployment
    this.#model = model
    this.#find = find
    this.price = model.includes('*') ? undefined : this.#findPrice(model)
  }

  /** What the module takes off and puts on. */
  get terms(): Terms | undefined {
    return this.#terms
  }

  /** US dollars of an input and an output token together; undefined where tokens have no price. */
  get tokenCost(): number | undefined {
    if (this.price?.isFree) return 0
    const rates = this.price?.stepsOf?.('')[0]?.rates
    return rates && ((rates.input + rates.output) / 1e9) * factorOf(this.#terms)
  }

  /** Whether it has one model, and nobody knows what that costs. */
  get isUnpriced(): boolean {
    return !this.#model.includes('*') && !this.isKnown(this.#model)
  }

  /** Whether a model must not be called, for want of a price. */
  refuses(model: string): boolean {
    return this.unpriced === 'refuse' && this.price === undefined && !this.isKnown(model)
  }

  /** Why it is not to be served; undefined where it is. */
  get fault(): string | undefined {
    if (this.unpriced !== 'refuse' || !this.isUnpriced) return undefined
    return `nobody knows the price of ${this.#model}: give it, such as input_cost_per_token and output_cost_per_token, or a base_model, or set unpriced: warn`
  }

  /** Whether the price of an upstream's model is known. */
  isKnown(model: string): boolean {
    return (this.of(model) ?? this.ofPicture(model, usualPicture)) !== undefined
  }

  /** The price of an upstream's model, by the name it answered with where it is not known by its own. */
  of(model: string, answered?: string): Price | undefined {
    if (this.price) return this.price
    return this.#keep(`${model}\n${answered ?? ''}`, () => this.#findPrice(model, answered))
  }

  /** The same for pictures, which may cost by their size and quality. */
  ofPicture(model: string, picture: Picture): Price | undefined {
    const usual = this.of(model)
    if (usual && usual.source !== 'list') return usual
    const { size, quality, steps = '' } = picture
    return this.#keep(`${model}\n${size}\n${quality}\n${steps}`, () => {
      const sheet = findPictureSheet(this.#deployment, model, picture, this.#find)
      const listed = sheet && createPrice(sheet, 'list')
      const price = listed && priceOn(this.#terms, listed)
      // Where an upstream counts tokens they are what is paid.
      return price && usual?.stepsOf ? { ...price, stepsOf: usual.stepsOf } : (price ?? usual)
    })
  }

  /** Whether sound is paid by its length, so that it must be known. */
  isBySecond(model: string): boolean {
    const price = this.of(model)
    return price !== undefined && price.perSecond > 0 && price.source !== 'energy'
  }

  #findPrice(model: string, answered?: string): Price | undefined {
    const found = priceOf(this.#deployment, model, this.#find, answered)
    const price = found ?? (this.unpriced === 'free' ? freePrice : undefined)
    return price && priceOn(this.#terms, price)
  }

  #keep(key: string, find: () => Price | undefined): Price | undefined {
    const kept = this.#kept.get(key)
    if (kept || this.#kept.has(key)) return kept
    if (this.#kept.size >= mostKept) this.#kept.clear()
    const price = find()
    this.#kept.set(key, price)
    return price
  }
}
