import type { Exchange } from '../pipeline/exchange.ts'
import { pixelsOf } from './asked-units.ts'
import { costOf, type Cost, type CostFacts } from './cost.ts'
import type { Price } from './price.ts'
import type { Usage } from './usage.ts'

/**
 * What an exchange costs by what is known of it now, its usage made complete; undefined where nobody knows, or where
 * nothing was used. `now` in monotonic milliseconds.
 */
export function chargeExchange(exchange: Exchange, now: number): Cost | undefined {
  const { deployment, asked, upstreamModel } = exchange
  const pricing = deployment?.pricing
  if (!pricing) return undefined
  const usage = completeUsage(exchange)
  if (!exchange.hasAnswerBegun && !isCounted(usage)) return undefined
  const picture = asked?.picture
  const price = picture
    ? pricing.ofPicture(upstreamModel, picture)
    : (pricing.price ?? pricing.of(upstreamModel, usage.answeredModel))
  if (!price) return usage.toldNano === undefined ? undefined : ofUnits(usage.toldNano)
  if (price.source === 'free') return nothing
  if (isLengthUnknown(price, usage, exchange)) return undefined
  return isCounted(usage) || isPaidByCall(price, exchange)
    ? costOf(price, usage, factsOf(exchange, now))
    : undefined
}

/** The cost of a stream, by the usage that it tells while it runs. */
export function costOfStream(exchange: Exchange, usage: Usage, now: number): Cost | undefined {
  const { deployment, upstreamModel } = exchange
  const price =
    deployment?.pricing?.price ?? deployment?.pricing?.of(upstreamModel, usage.answeredModel)
  if (!price || price.source === 'free') return undefined
  return costOf(price, usage, factsOf(exchange, now))
}

/** Characters, searches and seconds that the answer does not tell. */
function completeUsage(exchange: Exchange): Usage {
  const { asked, sound, usage } = exchange
  if (!sound && asked?.characters === undefined && asked?.searchUnits === undefined) return usage
  if (!exchange.hasAnswerBegun) return usage
  exchange.usage = {
    ...usage,
    audioSeconds: usage.audioSeconds ?? sound?.seconds,
    characters: usage.characters ?? asked?.characters,
    searchUnits: usage.searchUnits ?? asked?.searchUnits,
  }
  return exchange.usage
}

function factsOf(exchange: Exchange, now: number): CostFacts {
  const { asked, endpoint, hasAnswerBegun, calledAt } = exchange
  return {
    secondsOf: isOfSound(endpoint.name) ? 'sound' : 'call',
    callSeconds: hasAnswerBegun ? Math.max(0, now - calledAt) / 1000 : 0,
    isImage: asked?.picture !== undefined,
    pixels: asked?.picture && pixelsOf(asked.picture),
    tier: asked?.tier,
    searchSize: asked?.searchSize,
  }
}

/** Sound that is paid by its length, of a kind whose length nobody can read. */
function isLengthUnknown(price: Price, usage: Usage, { endpoint }: Exchange): boolean {
  if (!isOfSound(endpoint.name) || price.source === 'energy') return false
  if (price.perSecond === 0 || usage.audioSeconds !== undefined) return false
  return usage.promptTokens === undefined
}

function isPaidByCall(price: Price, { endpoint }: Exchange): boolean {
  if (price.perRequest > 0) return true
  return price.perSecond > 0 && (price.source === 'energy' || !isOfSound(endpoint.name))
}

function isOfSound(endpoint: string): boolean {
  return endpoint.startsWith('audio-')
}

/** Whether anything that can be paid was told. */
function isCounted(usage: Usage): boolean {
  return (
    usage.promptTokens !== undefined ||
    usage.completionTokens !== undefined ||
    usage.images !== undefined ||
    usage.audioSeconds !== undefined ||
    usage.characters !== undefined ||
    usage.searchUnits !== undefined
  )
}

const nothing: Cost = ofUnits(0)

function ofUnits(nano: number): Cost {
  return { total: nano, input: 0, cacheRead: 0, cacheWrite: 0, output: 0, units: nano }
}
