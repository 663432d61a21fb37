import type { GatewayError } from '../errors/gateway-error.ts'
import type { ModelRequest } from '../providers/provider.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a caller speaks who does not speak OpenAI's chat: a face over any chat model. Pure, as a provider is. */
export interface CallerDialect {
  /** OpenAI's chat fields for those of the caller. Throws GatewayError for what no chat model can be asked. */
  toChat(fields: Fields, model?: ChatModel): Record<string, unknown>
  /** The caller's answer from OpenAI's. Throws GatewayError `upstream_nonsense`. */
  toAnswer(chatAnswer: unknown, asked: CallerRequest): Record<string, unknown>
  /** A stream in the caller's dialect, with the state of one answer. */
  createStream(asked: CallerRequest): CallerStream
}

/** What of the model a translation depends on. */
export interface ChatModel {
  /** False: it is known not to think, so a wish for that is left out. */
  readonly reasons?: boolean
  /** It takes marks of what is to be cached, in Anthropic's form. */
  readonly takesCacheMarks?: boolean
  /** `drop_params: true`: what chat cannot say is left out instead of refused. */
  readonly dropsParams?: boolean
}

/** One request, its fields in the caller's own words. */
export interface CallerRequest extends Pick<ModelRequest, 'model' | 'fields' | 'answerId'> {
  /** Unix time of the request, seconds. */
  readonly createdSeconds?: number
  /** Unix time at a later moment, seconds. */
  nowSeconds?(): number
  /** Whether the gateway keeps the answer, so that it can be continued by its id. */
  readonly isStored?: boolean
  /** The kept answer it goes on from, already in front of its fields. */
  readonly previousId?: string
}

export interface CallerStream {
  /** Whole events for one of OpenAI's chunks; empty where it says nothing. Throws GatewayError. */
  onChunk(chunk: unknown): string
  /** The events that end the answer, once the upstream has said that it is done. */
  end(): string
  /** The last events of a stream that failed; absent: the error event of the endpoint. */
  onError?(error: GatewayError): string
  /** The whole answer, once it has ended well, where it is one that may be kept. */
  readonly answer?: Fields | undefined
}
