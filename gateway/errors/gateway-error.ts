import type { UpstreamLimits } from '../limits/gate.ts'
import { errorCatalogue, type ErrorCode, type ErrorKind } from './catalogue.ts'

export interface ErrorDetails {
  /** The request field at fault, as OpenAI's envelope names it. */
  readonly param?: string
  /** For the log only; never shown to the caller. */
  readonly cause?: unknown
  /** No other deployment may be tried, whatever the code says: bytes have gone out, or a body cannot be sent twice. */
  readonly isFinal?: boolean
  /** Seconds until another attempt makes sense: the `retry-after` header. */
  readonly retryAfterSeconds?: number
  /** What an upstream said, kept where it survives: its status, code and type. */
  readonly upstream?: {
    readonly status?: number
    readonly code?: string | null
    readonly type?: string
  }
  /** What clients of Anthropic act upon, beside the message. */
  readonly anthropicDetails?: object | undefined
  /** The status an upstream answered, whatever the caller is shown. */
  readonly answeredStatus?: number
  /** What an upstream told of its limits with it. */
  readonly limits?: UpstreamLimits
}

/** A failed request. The message tells the caller what to change; `cause` tells the log what happened. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly param: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly upstream: ErrorDetails['upstream']
  readonly isFinal: boolean
  readonly anthropicDetails: object | undefined
  readonly answeredStatus: number | undefined
  readonly limits: UpstreamLimits | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'GatewayError'
    this.code = code
    this.param = details.param
    this.retryAfterSeconds = details.retryAfterSeconds
    this.upstream = details.upstream
    this.isFinal = details.isFinal ?? false
    this.anthropicDetails = details.anthropicDetails
    this.answeredStatus = details.answeredStatus
    this.limits = details.limits
  }

  get kind(): ErrorKind {
    return errorCatalogue[this.code]
  }

  get status(): number {
    return this.upstream?.status ?? this.kind.status
  }
}
