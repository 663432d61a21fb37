import { createPrice, energyPrice, freePrice, type Price } from './price.ts'
import type { FindSheet, PriceSheet } from './price-list.ts'

/** What is read of a deployment to price it. */
export interface PricedDeployment {
  readonly provider: string
  /** Prices of the module file. */
  readonly own: PriceSheet
  /** The model whose prices it has, whatever it is called there. */
  readonly baseModel?: string | undefined
  /** Whether it runs on a machine or in a network of one's own. */
  readonly isLocal: boolean
  readonly watts?: number | undefined
  readonly pricePerKwh?: number | undefined
}

/**
 * The price of an upstream model: the file's, key by key over that of the list, where the list has `base_model`,
 * `provider/model`, `model` or the name that the upstream answers with. What runs at home is not paid by a vendor's
 * list, unless `base_model` says so. Undefined: nobody knows what it costs.
 */
export function priceOf(
  deployment: PricedDeployment,
  model: string,
  find: FindSheet,
  answered?: string,
): Price | undefined {
  const { own, watts, pricePerKwh } = deployment
  const listed = findListed(deployment, [model, answered], find)
  if (Object.keys(own).length > 0) return createPrice(withOwn(listed ?? {}, own), 'file')
  if (watts !== undefined && pricePerKwh !== undefined) return energyPrice(watts, pricePerKwh)
  // A base_model that nobody knows is a mistake, not a present.
  const isFree = deployment.isLocal && deployment.baseModel === undefined
  return (listed && createPrice(listed, 'list')) ?? (isFree ? freePrice : undefined)
}

/** The sheet of pictures of one size and quality, which some models have: `hd/1024-x-1792/dall-e-3`. */
export function findPictureSheet(
  { provider, baseModel, isLocal }: PricedDeployment,
  model: string,
  { size, quality, steps }: Picture,
  find: FindSheet,
): PriceSheet | undefined {
  if (isLocal && baseModel === undefined) return undefined
  const names = [baseModel, `${provider}/${model}`, model].filter((name) => name !== undefined)
  const place = size.replace('x', '-x-')
  const looked = steps === undefined ? [quality] : [`${steps}-steps`, 'max-steps', quality]
  for (const name of names) {
    const [vendor, ...rest] = name.split('/')
    const behind = rest.length > 0 ? `${vendor}/` : ''
    const bare = rest.length > 0 ? rest.join('/') : name
    for (const word of looked) {
      const sheet =
        find(`${behind}${word}/${place}/${bare}`) ??
        find(`${word}/${place}/${name}`) ??
        find(`${place}/${word}/${name}`)
      if (sheet && isOf(sheet, provider)) return sheet
    }
    const sheet = find(`${place}/${name}`)
    if (sheet && isOf(sheet, provider)) return sheet
  }
  return undefined
}

export interface Picture {
  /** `1024x1792`. */
  readonly size: string
  readonly quality: string
  readonly steps?: number | undefined
}

function findListed(
  { provider, baseModel, isLocal }: PricedDeployment,
  models: readonly (string | undefined)[],
  find: FindSheet,
): PriceSheet | undefined {
  if (baseModel !== undefined) {
    const based = find(`${provider}/${baseModel}`) ?? find(baseModel) ?? findBare(baseModel, find)
    if (based) return based
  }
  if (isLocal) return undefined
  for (const model of models) {
    if (model === undefined) continue
    const named = find(`${provider}/${model}`) ?? find(`${rootOf(provider)}/${model}`)
    if (named) return named
    const bare = find(model)
    if (bare && isOf(bare, provider)) return bare
  }
  return undefined
}

/** `openai/gpt-4o` where the list has its vendor's models without a prefix. */
function findBare(name: string, find: FindSheet): PriceSheet | undefined {
  const [vendor = '', ...rest] = name.split('/')
  const sheet = rest.length > 0 ? find(rest.join('/')) : undefined
  return sheet && isOf(sheet, vendor) ? sheet : undefined
}

/** Whether a sheet is of a provider's own: another vendor's model of that name has another price. */
function isOf(sheet: PriceSheet, provider: string): boolean {
  const vendor = sheet['litellm_provider']
  return typeof vendor === 'string' && rootOf(vendor) === rootOf(provider)
}

// The list writes one vendor in several ways: vertex_ai-language-models, bedrock_converse, cohere_chat.
function rootOf(provider: string): string {
  return provider
    .replace(/^text-completion-/, '')
    .replace(/_(converse|chat)$/, '')
    .replace(/-.*$/, '')
}

/** The file's prices over the list's. Each replaces what the list makes of it for long prompts and for tiers. */
function withOwn(listed: PriceSheet, own: PriceSheet): PriceSheet {
  const keys = Object.keys(own)
  const isReplaced = (key: string): boolean =>
    keys.some((name) => key === name || key.startsWith(`${name}_above_`) || isTierOf(key, name)) ||
    (isTokenTable(key) && keys.some((name) => name.endsWith('_cost_per_token'))) ||
    isFreedBy(key, own)
  const kept = Object.entries(listed).filter(([key]) => !isReplaced(key))
  return { ...Object.fromEntries(kept), ...own }
}

function isTierOf(key: string, name: string): boolean {
  return key.startsWith(`${name}_`) && /_(priority|flex|batches|ultrafast|decisions)$/.test(key)
}

function isTokenTable(key: string): boolean {
  return key === 'tiered_pricing' || key === 'off_peak_pricing'
}

/** Who writes that tokens cost nothing means all of them. */
function isFreedBy(key: string, own: PriceSheet): boolean {
  if (isNothing(own['input_cost_per_token']) && /^(input_cost_per_|cache_)/.test(key)) return true
  return isNothing(own['output_cost_per_token']) && key.startsWith('output_cost_per_')
}

function isNothing(price: unknown): boolean {
  return price === 0
}
