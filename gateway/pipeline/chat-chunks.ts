import { isObject } from '../../modules/json-object.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { StreamTranslator } from '../providers/provider.ts'

/** A stream of OpenAI's own chat, event by event, for a caller that hears it in other words. */
export class ChatChunks implements StreamTranslator {
  readonly #errorOf: (said: unknown) => GatewayError
  #hasFinishReason = false
  isDone = false
  usage: Readonly<Record<string, unknown>> | undefined

  /** `errorOf` makes of an `error` within the stream what the upstream meant by it. */
  constructor(errorOf: (said: unknown) => GatewayError) {
    this.#errorOf = errorOf
  }

  onEvent(event: unknown): readonly Record<string, unknown>[] {
    if (!isObject(event)) throw upstreamNonsense('sent an event that is no object')
    const { error, object, usage, choices } = event
    if ((error !== undefined && error !== null) || object === 'error') throw this.#errorOf(event)
    if (isObject(usage)) this.usage = usage
    if (Array.isArray(choices)) this.#hasFinishReason ||= choices.some(isFinished)
    return [event]
  }

  onDone(): void {
    this.isDone = true
  }

  // Some servers close without saying so; an end without a finish reason is a cut.
  onClose(): void {
    this.isDone = this.#hasFinishReason
  }
}

function isFinished(choice: unknown): boolean {
  return isObject(choice) && typeof choice['finish_reason'] === 'string'
}
