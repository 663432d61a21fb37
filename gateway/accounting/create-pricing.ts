import type { DeploymentParams, PriceSettings } from '../../modules/module.ts'
import { termsOf } from './discount.ts'
import { isLocalHost } from './local-host.ts'
import type { FindSheet } from './price-list.ts'
import { Pricing } from './pricing.ts'

/** What is asked about a deployment that is to be priced. */
export interface PricingAsk {
  readonly params: DeploymentParams
  readonly provider: string
  /** The upstream's own model name; stars for a wildcard. */
  readonly model: string
  /** Of the server that is called. */
  readonly hostname: string
  readonly settings: PriceSettings
}

/** What the models of a deployment cost: its own prices and settings before those of its module. */
export function createPricing(ask: PricingAsk, find: FindSheet): Pricing {
  const { params, provider, model, hostname, settings } = ask
  const deployment = {
    provider,
    own: params.prices ?? {},
    baseModel: params.baseModel,
    isLocal: isLocalHost(hostname),
    watts: params.watts,
    pricePerKwh: params.pricePerKwh ?? settings.pricePerKwh,
  }
  return new Pricing(deployment, model, {
    unpriced: params.unpriced ?? settings.unpriced,
    find,
    terms: termsOf(provider, settings),
  })
}
