import type { Exchange } from '../pipeline/exchange.ts'
import { pixelsOf } from './asked-units.ts'
import { costOf, sumOfCosts, type Cost, type CostFacts } from './cost.ts'
import { onTerms } from './discount.ts'
import type { Price } from './price.ts'
import type { Usage } from './usage.ts'

/**
 * What an exchange costs by what is known of it now, its usage made complete; undefined where nobody knows, or where
 * nothing was used. `now` in monotonic milliseconds.
 */
export function chargeExchange(exchange: Exchange, now: number): Cost | undefined {
  return withEarlier(chargeAttempt(exchange, now), exchange)
}

/** Before another attempt: what the one that failed may have cost all the same belongs to the exchange. */
export function keepCost(exchange: Exchange, now: number): void {
  const cost = chargeAttempt(exchange, now)
  if (cost && cost.total > 0) exchange.earlier = withEarlier(cost, exchange)
}

function withEarlier(cost: Cost | undefined, { earlier }: Exchange): Cost | undefined {
  return cost && earlier ? sumOfCosts(earlier, cost) : (cost ?? earlier)
}

function chargeAttempt(exchange: Exchange, now: number): Cost | undefined {
  const { deployment, asked, upstreamModel } = exchange
  const pricing = deployment?.pricing
  if (!pricing) return undefined
  const usage = completeUsage(exchange)
  if (!exchange.hasAnswerBegun && !isCounted(usage)) return undefined
  const picture = asked?.picture
  const price = picture
    ? pricing.ofPicture(upstreamModel, picture)
    : (pricing.price ?? pricing.of(upstreamModel, usage.answeredModel))
  if (!price)
    return usage.toldNano === undefined
      ? undefined
      : onTerms(ofUnits(usage.toldNano), pricing.terms)
  if (price.isFree) return nothing
  return pays(price, usage, exchange) ? costOf(price, usage, factsOf(exchange, now)) : undefined
}

/** The cost of a stream, by the usage that it tells while it runs. */
export function costOfStream(exchange: Exchange, usage: Usage, now: number): Cost | undefined {
  const { deployment, upstreamModel } = exchange
  const price =
    deployment?.pricing?.price ?? deployment?.pricing?.of(upstreamModel, usage.answeredModel)
  if (!price || price.isFree) return undefined
  return withEarlier(costOf(price, usage, factsOf(exchange, now)), exchange)
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
    atMs: exchange.startedAtMs,
    searchSize: asked?.searchSize,
  }
}

/** Whether a price is one of anything that was used: else nobody knows what that costs. */
function pays(price: Price, usage: Usage, { endpoint }: Exchange): boolean {
  const { promptTokens, completionTokens, images, audioSeconds, characters, searchUnits } = usage
  if (price.stepsOf && (promptTokens ?? completionTokens) !== undefined) return true
  if (images !== undefined && price.perImage + price.perPixel > 0) return true
  if (characters !== undefined && price.perCharacter > 0) return true
  if (searchUnits !== undefined && price.perQuery > 0) return true
  if (price.perRequest + (price.terms?.feeNano ?? 0) > 0) return true
  const isOfCall = price.source === 'energy' || !isOfSound(endpoint.name)
  return price.perSecond > 0 && (isOfCall || audioSeconds !== undefined)
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
