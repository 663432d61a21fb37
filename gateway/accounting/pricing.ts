import { createPrice, freePrice, type Price } from './price.ts'
import { findPictureSheet, priceOf, type Picture, type PricedDeployment } from './price-of.ts'
import type { FindSheet } from './price-list.ts'

/** What is done about a model that nobody knows the price of. */
export type Unpriced = 'warn' | 'refuse' | 'free'

const mostKept = 200

/** What the models of one deployment cost. */
export class Pricing {
  /** Of its one model; undefined where that is not known, and under a wildcard. */
  readonly price: Price | undefined
  readonly unpriced: Unpriced
  readonly #deployment: PricedDeployment
  readonly #model: string
  readonly #find: FindSheet
  readonly #kept = new Map<string, Price | undefined>()

  constructor(
    deployment: PricedDeployment,
    model: string,
    { unpriced, find }: { unpriced: Unpriced; find: FindSheet },
  ) {
    this.unpriced = unpriced
    this.#deployment = deployment
    this.#model = model
    this.#find = find
    this.price = model.includes('*') ? undefined : this.#findPrice(model)
  }

  /** Whether it has one model, and nobody knows what that costs. */
  get isUnpriced(): boolean {
    return this.price === undefined && !this.#model.includes('*')
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
      const price = sheet && createPrice(sheet, 'list')
      // Where an upstream counts tokens they are what is paid.
      return price && usual?.stepsOf ? { ...price, stepsOf: usual.stepsOf } : (price ?? usual)
    })
  }

  /** Whether sound is paid by its length, so that it must be known. */
  get isBySecond(): boolean {
    return (this.price?.perSecond ?? 0) > 0 && this.price?.source !== 'energy'
  }

  #findPrice(model: string, answered?: string): Price | undefined {
    const price = priceOf(this.#deployment, model, this.#find, answered)
    return price ?? (this.unpriced === 'free' ? freePrice : undefined)
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
