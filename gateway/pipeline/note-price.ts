import { askedUnits } from '../accounting/asked-units.ts'
import { DurationMeter } from '../accounting/duration.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked } from './attempt.ts'
import type { Exchange } from './exchange.ts'

/** Notes what an attempt is priced by. Throws where the module serves nothing without a price and there is none. */
export function notePrice(
  { pricing }: Deployment,
  upstreamModel: string,
  { request }: Asked,
  exchange: Exchange,
): void {
  exchange.upstreamModel = upstreamModel
  exchange.sound = undefined
  exchange.asked = askedUnits(exchange.endpoint.name, request)
  if (!pricing?.refuses(upstreamModel)) return
  throw new GatewayError(
    'model_not_allowed',
    `Nobody knows the price of ${exchange.model}, and this gateway serves nothing without one: ask for another model.`,
    { param: 'model' },
  )
}

/** Hears the length of a file to be transcribed, where that is paid. */
export function hearFile(exchange: Exchange): ((chunk: Buffer) => void) | undefined {
  const { endpoint, deployment, upstreamModel } = exchange
  if (endpoint.body !== 'form' || !endpoint.name.startsWith('audio-')) return undefined
  if (!deployment?.pricing?.isBySecond(upstreamModel)) return undefined
  const sound = new DurationMeter()
  exchange.sound = sound
  return (chunk) => sound.push(chunk)
}

/** Hears the length of speech as it is made, where that is paid. */
export function heardAnswer(exchange: Exchange): DurationMeter | undefined {
  const { endpoint, deployment, upstreamModel } = exchange
  if (endpoint.name !== 'audio-speech') return undefined
  if (!deployment?.pricing?.isBySecond(upstreamModel)) return undefined
  exchange.sound = new DurationMeter()
  return exchange.sound
}
