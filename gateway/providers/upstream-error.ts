import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import {
  headerOf,
  readUpstreamError,
  type UpstreamError,
  type UpstreamHeaders,
} from './read-upstream-error.ts'

/** An upstream's answer that is no success. */
export interface FailedAnswer {
  readonly status: number
  readonly body: Uint8Array
  readonly headers: UpstreamHeaders
  /** The model name the caller asked for. */
  readonly model: string
  /** The dialect, for the log. */
  readonly provider?: string
  /** Unix time; a Retry-After may be a date. */
  readonly nowMs: number
  /** What must not show, even if the upstream repeats it: its key, its host. */
  readonly secrets?: readonly string[]
}

/** The catalogue's error for an upstream's, with what it said where that helps the caller. */
export function mapUpstreamError(answer: FailedAnswer): GatewayError {
  const said = readUpstreamError(answer.body, answer.secrets)
  const code = codeFor(answer.status)
  const retryAfterSeconds = retryAfterOf(answer.headers, answer.nowMs)
  return new GatewayError(code, messages[code](answer, said), {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(code === 'upstream_rejected' && said.param !== null && { param: said.param }),
    ...(survives.has(code) && { upstream: upstreamOf(answer.status, code, said) }),
    cause: causeOf(answer, said),
  })
}

function causeOf(
  { provider, status }: FailedAnswer,
  { message, code, type }: UpstreamError,
): string {
  return [`status ${status}`, provider, code, type, message].filter(Boolean).join(', ')
}

/** Seconds a Retry-After asks for, given as seconds, milliseconds or a date. */
export function retryAfterOf(headers: UpstreamHeaders, nowMs: number): number | undefined {
  const milliseconds = headerOf(headers, 'retry-after-ms')
  if (milliseconds !== undefined && /^\d+(\.\d+)?$/.test(milliseconds))
    return bounded(Number(milliseconds) / 1000)
  const written = headerOf(headers, 'retry-after')?.trim()
  if (written === undefined || written === '') return undefined
  if (/^\d+(\.\d+)?$/.test(written)) return bounded(Number(written))
  // Date.parse takes nearly any text; an HTTP date begins with a weekday.
  if (!/^[A-Z][a-z]{2,8}, /.test(written)) return undefined
  const date = Date.parse(written)
  return Number.isNaN(date) ? undefined : bounded((date - nowMs) / 1000)
}

const longestSeconds = 86_400

function bounded(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 0), longestSeconds)
}

type UpstreamCode = Extract<ErrorCode, `upstream_${string}`>
type MappedCode = Exclude<UpstreamCode, 'upstream_unreachable'>

const byStatus: Readonly<Record<number, MappedCode>> = {
  401: 'upstream_refused_our_key',
  403: 'upstream_refused_our_key',
  404: 'upstream_lacks_model',
  408: 'upstream_timeout',
  429: 'upstream_rate_limited',
}

function codeFor(status: number): MappedCode {
  const known = byStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'upstream_failed'
  return status >= 400 ? 'upstream_rejected' : 'upstream_nonsense'
}

/** Its own code and type tell the caller something; those about our key or its models would mislead. */
const survives: ReadonlySet<MappedCode> = new Set<MappedCode>([
  'upstream_rejected',
  'upstream_rate_limited',
  'upstream_failed',
])

function upstreamOf(
  status: number,
  code: MappedCode,
  said: UpstreamError,
): NonNullable<GatewayError['upstream']> {
  return {
    // The caller sees the status of a rejection only; 5xx become 502.
    ...(code === 'upstream_rejected' && { status }),
    ...(said.code !== null && { code: said.code }),
    ...(said.type !== null && { type: said.type }),
  }
}

const messages: Readonly<
  Record<MappedCode, (answer: FailedAnswer, said: UpstreamError) => string>
> = {
  upstream_refused_our_key: ({ model }) =>
    `The server behind model '${model}' refused this gateway's key for it. Set a valid api_key for the model; your own key is fine.`,
  upstream_lacks_model: lacksModel,
  upstream_timeout: ({ model }) =>
    `The server behind model '${model}' gave up waiting (408). Try again, or send a smaller request.`,
  upstream_rate_limited: ({ model }, said) =>
    `The server behind model '${model}' is over its rate limit${colon(said)} Try again later.`,
  upstream_rejected: ({ model, status }, said) =>
    said.message === ''
      ? `The server behind model '${model}' rejected the request with status ${status} and no reason. Check the request's fields.`
      : `The server behind model '${model}' rejected the request: ${said.message}`,
  upstream_failed: ({ model, status }, said) =>
    `The server behind model '${model}' failed with status ${status}${colon(said)} Try again, or look at its log.`,
  upstream_nonsense: ({ model, status }) =>
    `The server behind model '${model}' answered with status ${status}${status >= 300 ? ', a redirect' : ''}. Check the model's api_base.`,
}

function lacksModel({ model }: FailedAnswer, said: UpstreamError): string {
  // Ollama: model "qwen3:8b" not found, try pulling it first
  const missing = /^model ["'`]?([\w./:-]{1,200}?)["'`]? not found/i.exec(said.message)?.[1]
  if (missing !== undefined) {
    return `The server behind model '${model}' does not have it: pull it there with \`ollama pull ${missing}\`.`
  }
  return `The server behind model '${model}' knows no such model or path (404)${colon(said)} Check the model's name and its api_base: most servers want it to end in /v1, Ollama and Stable Diffusion WebUI without.`
}

function colon(said: UpstreamError): string {
  if (said.message === '') return '.'
  return /[.!?…]$/.test(said.message) ? `: ${said.message}` : `: ${said.message}.`
}
