import type { EndpointName } from '../../modules/endpoints.ts'
import { fieldOf } from '../../modules/json-object.ts'
import { pictureOf, pixelsOf } from './asked-units.ts'
import { factorOf } from './discount.ts'
import type { Nanodollars } from './money.ts'
import type { Price } from './price.ts'
import type { Picture } from './price-of.ts'
import type { TokenRates } from './price-rates.ts'
import type { Pricing } from './pricing.ts'

/** What is known of a request before it is sent. */
export interface CeilingAsk {
  readonly endpoint: EndpointName
  readonly fields: Readonly<Record<string, unknown>>
  /** Of the prompt, from above. */
  readonly promptTokens: number
  /** Of all choices of the answer, from above. */
  readonly answerTokens: number
  /** Of the files that come with it. */
  readonly fileBytes: number
  /** How long the call may take, milliseconds. */
  readonly longestMs: number
}

/**
 * The most that a request may cost with a model, billionths of a dollar: every token at the dearest rate of its tiers,
 * hours and kinds, every unit there may be. 0 where it is free or nobody knows what it costs.
 */
export function costCeiling(pricing: Pricing, model: string, ask: CeilingAsk): Nanodollars {
  const prices = pricesOf(pricing, model, ask)
  let most = 0
  for (const price of prices) if (!price.isFree) most = Math.max(most, termedCeiling(price, ask))
  // Each part of a cost is rounded by itself.
  return most === 0 ? 0 : Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(most) + parts)
}

const parts = 6

function pricesOf(pricing: Pricing, model: string, { endpoint, fields }: CeilingAsk): Price[] {
  const picture = endpoint.startsWith('images-') ? pictureOf(fields) : undefined
  const prices = picture
    ? picturesOf(picture, fields).map((one) => pricing.ofPicture(model, one))
    : [pricing.price ?? pricing.of(model)]
  return prices.filter((price) => price !== undefined)
}

const qualities = ['standard', 'hd', 'low', 'medium', 'high']
const sizes = ['1024x1024', '1024x1536', '1536x1024', '1024x1792', '1792x1024']

/** What its server may choose where the request leaves it open. */
function picturesOf(picture: Picture, { size, quality, width }: CeilingAsk['fields']): Picture[] {
  const isSizeOpen = (size === undefined || size === 'auto') && width === undefined
  const isQualityOpen = quality === undefined || quality === 'auto'
  const looked = isQualityOpen ? qualities : [picture.quality]
  return (isSizeOpen ? sizes : [picture.size]).flatMap((one) =>
    looked.map((word) => ({ ...picture, size: one, quality: word })),
  )
}

function termedCeiling(price: Price, ask: CeilingAsk): number {
  const { terms } = price
  const most = ceilingOf(price, ask)
  return terms ? (most + parts) * factorOf(terms) + terms.feeNano : most
}

function ceilingOf(price: Price, ask: CeilingAsk): number {
  const units = unitsOf(price, ask)
  if (!price.stepsOf) return units
  const amounts = tokensOf(ask)
  const find = [price.stepsOf, ...(price.offPeak ? [price.offPeak.stepsOf] : [])]
  let tokens = 0
  for (const stepsOf of find) {
    for (const tier of tiersOf(ask.fields)) {
      for (const [index, { above, rates }] of stepsOf(tier).entries()) {
        if (index > 0 && above >= amounts.prompt) continue
        tokens = Math.max(tokens, payOf(rates, amounts, ask))
      }
    }
  }
  return tokens + units
}

// A vendor may serve with the tier its customer chose for all requests, where one asks for none.
function tiersOf({ service_tier: tier }: CeilingAsk['fields']): readonly string[] {
  if (tier === 'default' || tier === 'flex' || tier === 'batch') return ['', tier]
  return typeof tier === 'string' ? ['', 'priority', tier] : ['', 'priority']
}

interface Amounts {
  readonly prompt: number
  readonly answer: number
}

const pictureTokens = 8_500
/** Sound of at least sixteen kilobits a second; what is spoken, four letters a second at least. */
const soundBytesASecond = 2_000
const lettersASecond = 4
const tokensASecond = { heard: 10, written: 8, spoken: 25 }

function tokensOf(ask: CeilingAsk): Amounts {
  const { endpoint, promptTokens, answerTokens } = ask
  if (endpoint.startsWith('images-')) {
    return { prompt: promptTokens + filesAsTokens(ask), answer: pictureTokens * choicesOf(ask) }
  }
  const seconds = secondsOf(ask)
  if (endpoint === 'audio-speech') {
    return { prompt: promptTokens, answer: Math.ceil(seconds * tokensASecond.spoken) }
  }
  if (endpoint.startsWith('audio-')) {
    const { heard, written } = tokensASecond
    return { prompt: promptTokens + seconds * heard, answer: Math.ceil(seconds * written) }
  }
  return { prompt: promptTokens, answer: answerTokens }
}

function filesAsTokens({ fileBytes }: CeilingAsk): number {
  return fileBytes > 0 ? pictureTokens : 0
}

function payOf(rates: TokenRates, { prompt, answer }: Amounts, ask: CeilingAsk): number {
  const { endpoint, fields } = ask
  const isHeard = endpoint.startsWith('audio-') || holdsSound(fields)
  const isDrawn = endpoint.startsWith('images-') || isAskedAs('image', fields)
  const isSpoken = endpoint === 'audio-speech' || isAskedAs('audio', fields)
  const input = Math.max(
    rates.input,
    rates.cacheRead,
    rates.cacheWrite,
    rates.cacheWriteHour,
    rates.imageInput,
    isHeard ? rates.audioInput : 0,
  )
  const output = Math.max(
    rates.output,
    rates.reasoning,
    isSpoken ? rates.audioOutput : 0,
    isDrawn ? rates.imageOutput : 0,
  )
  return prompt * input + answer * output
}

function unitsOf(price: Price, ask: CeilingAsk): number {
  const { endpoint, fields } = ask
  const always = price.perRequest + searchesOf(price, fields) + queriesOf(ask) * price.perQuery
  const isImage = endpoint.startsWith('images-')
  const picture = isImage ? pictureOf(fields) : undefined
  const each =
    price.perImage > 0 ? price.perImage : (picture ? pixelsOf(picture) : 0) * price.perPixel
  const pictures = isImage ? each * choicesOf(ask) : 0
  return (
    always +
    pictures +
    charactersOf(ask) * price.perCharacter +
    secondsPaid(price, ask) * price.perSecond
  )
}

function secondsPaid(price: Price, ask: CeilingAsk): number {
  const isOfSound = ask.endpoint.startsWith('audio-') && price.source !== 'energy'
  return isOfSound ? secondsOf(ask) : ask.longestMs / 1000
}

/** Of sound that is read or made. */
function secondsOf(ask: CeilingAsk): number {
  if (ask.endpoint === 'audio-speech') return Math.ceil(charactersOf(ask) / lettersASecond) + 2
  return Math.ceil(ask.fileBytes / soundBytesASecond)
}

function charactersOf({ endpoint, fields }: CeilingAsk): number {
  const text = endpoint === 'audio-speech' ? fields['input'] : undefined
  return typeof text === 'string' ? text.length : 0
}

const documentsASearch = 100
const tokensAPiece = 400

/** Searches that a reranker may count: long documents are taken in pieces. */
function queriesOf({ endpoint, fields, promptTokens }: CeilingAsk): number {
  if (endpoint !== 'rerank') return 0
  const documents = Array.isArray(fields['documents']) ? fields['documents'].length : 1
  return Math.ceil((documents + promptTokens / tokensAPiece) / documentsASearch)
}

const mostSearches = 10

function searchesOf({ perWebSearch }: Price, fields: CeilingAsk['fields']): number {
  const dearest = Math.max(0, ...Object.values(perWebSearch))
  if (dearest === 0) return 0
  const isAsked =
    fields['web_search_options'] !== undefined && fields['web_search_options'] !== null
  const tools = Array.isArray(fields['tools']) ? fields['tools'] : []
  const uses = tools
    .filter((tool) => String(fieldOf(tool, 'type')).startsWith('web_search'))
    .map((tool) => countIn(fieldOf(tool, 'max_uses')) ?? mostSearches)
  return dearest * ((isAsked ? 1 : 0) + uses.reduce((sum, one) => sum + one, 0))
}

/** How many pictures are asked for. */
function choicesOf({ fields }: CeilingAsk): number {
  return Math.max(1, countIn(fields['n']) ?? 1)
}

// A form has text only.
function countIn(value: unknown): number | undefined {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof count === 'number' && Number.isFinite(count) && count >= 0 ? count : undefined
}

function isAskedAs(kind: string, { modalities }: CeilingAsk['fields']): boolean {
  return Array.isArray(modalities) && modalities.includes(kind)
}

function holdsSound({ messages, input }: CeilingAsk['fields']): boolean {
  for (const message of [messages, input].flatMap((list) => (Array.isArray(list) ? list : []))) {
    const content: unknown = fieldOf(message, 'content')
    if (!Array.isArray(content)) continue
    if (content.some((part) => fieldOf(part, 'type') === 'input_audio')) return true
  }
  return false
}
