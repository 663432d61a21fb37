import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { UpstreamLimits } from '../limits/gate.ts'
import { mergeLimits, readLimits, usedUpMs } from './read-limits.ts'
import { isCreditUsedUp, isKeyRefused } from './key-refusals.ts'
import { readRefusalLimits } from './read-refusal-limits.ts'
import {
  headerOf,
  parseBody,
  readUpstreamError,
  type UpstreamError,
  type UpstreamHeaders,
} from './read-upstream-error.ts'
import { refusalKindOf, type RefusalKind } from './refusal-kinds.ts'
import { threadRefusalIn } from './thread-refusals.ts'

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
  const body = parseBody(answer.body)
  const said = withHeader(readUpstreamError(body, answer.secrets), answer.headers)
  const thread = threadRefusalIn(body)
  const code = thread
    ? 'upstream_rejected'
    : (refusalKindOf(answer.status, said) ?? codeFor(answer.status, said))
  const { retryAfterSeconds, limits } = limitsIn(answer, body, said)
  return new GatewayError(code, messages[code](answer, said), {
    answeredStatus: answer.status,
    ...(thread && { anthropicDetails: thread }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(limits && { limits }),
    ...(isRefusal(code) && said.param !== null && { param: said.param }),
    ...(survives.has(code) && { upstream: upstreamOf(answer.status, code, said) }),
    cause: causeOf(answer, said),
  })
}

// AWS names an error in a header: ValidationException, with an address behind a colon.
function withHeader(said: UpstreamError, headers: UpstreamHeaders): UpstreamError {
  const [name = ''] = (headerOf(headers, 'x-amzn-errortype') ?? '').split(':')
  return said.type === null && /^\w{1,80}$/.test(name) ? { ...said, type: name } : said
}

interface Limits {
  readonly retryAfterSeconds: number | undefined
  readonly limits?: UpstreamLimits | undefined
}

/** Its Retry-After; on a 429 what else tells when it takes requests again, and of which limit it speaks. */
function limitsIn(
  { status, headers, nowMs }: FailedAnswer,
  body: unknown,
  said: UpstreamError,
): Limits {
  const asked = retryAfterOf(headers, nowMs)
  if (status !== 429) return { retryAfterSeconds: asked }
  const told = readRefusalLimits(body, said.message, nowMs)
  const limits = mergeLimits([readLimits(headers, nowMs), told.limits])
  const waitMs = told.waitMs ?? usedUpMs(limits)
  return {
    retryAfterSeconds: asked ?? (waitMs === undefined ? undefined : bounded(waitMs / 1000)),
    limits,
  }
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
type StatusCode = Exclude<UpstreamCode, 'upstream_unreachable'>
type MappedCode = StatusCode | RefusalKind

const byStatus: Readonly<Record<number, StatusCode>> = {
  401: 'upstream_refused_our_key',
  // Not the caller's bill: the account of our key is out of credit.
  402: 'upstream_refused_our_key',
  403: 'upstream_refused_our_key',
  404: 'upstream_lacks_model',
  408: 'upstream_timeout',
  // The model failed, says the server in front of it.
  424: 'upstream_failed',
  429: 'upstream_rate_limited',
}

function codeFor(status: number, said: UpstreamError): StatusCode {
  if (isKeyRefused(status, said)) return 'upstream_refused_our_key'
  const known = byStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'upstream_failed'
  return status >= 400 ? 'upstream_rejected' : 'upstream_nonsense'
}

/** Its refusals of the request, which keep its status; other failures of it become a 502. */
const refusals = new Set<MappedCode>([
  'upstream_rejected',
  'context_length_exceeded',
  'content_policy_violation',
])

function isRefusal(code: MappedCode): boolean {
  return refusals.has(code)
}

/** Its own code and type tell the caller something; those about our key or its models would mislead. */
const survives: ReadonlySet<MappedCode> = new Set<MappedCode>([
  ...refusals,
  'upstream_rate_limited',
  'upstream_failed',
])

function upstreamOf(
  status: number,
  code: MappedCode,
  said: UpstreamError,
): NonNullable<GatewayError['upstream']> {
  const isRecognised = code === 'context_length_exceeded' || code === 'content_policy_violation'
  // A number says no more than the status; ours is what SDKs and their users know.
  const isItsOwnCode = said.code !== null && !(isRecognised && /^\d+$/.test(said.code))
  return {
    ...(isRefusal(code) && { status: isRecognised ? statusOf(status) : status }),
    ...(isItsOwnCode && { code: said.code }),
    ...(said.type !== null && { type: said.type }),
  }
}

// A 403 or a 500 would say that the caller's key or a server is at fault.
function statusOf(status: number): number {
  return status === 403 || status >= 500 ? 400 : status
}

const messages: Readonly<
  Record<MappedCode, (answer: FailedAnswer, said: UpstreamError) => string>
> = {
  upstream_refused_our_key: ({ model, status }, said) =>
    isCreditUsedUp(status, said)
      ? `The server behind model '${model}' wants to be paid first (${status}): the account of this gateway's key is out of credit. Your own key is fine.`
      : `The server behind model '${model}' refused this gateway's key for it. Set a valid api_key for the model; your own key is fine.`,
  upstream_lacks_model: lacksModel,
  upstream_timeout: ({ model }) =>
    `The server behind model '${model}' gave up waiting (408). Try again, or send a smaller request.`,
  upstream_rate_limited: ({ model }, said) =>
    `The server behind model '${model}' is over its rate limit${colon(said)} Try again later.`,
  upstream_rejected: rejected,
  context_length_exceeded: rejected,
  content_policy_violation: rejected,
  upstream_failed: ({ model, status }, said) =>
    `The server behind model '${model}' failed with status ${status}${colon(said)} Try again, or look at its log.`,
  upstream_nonsense: ({ model, status }) =>
    `The server behind model '${model}' answered with status ${status}${status >= 300 ? ', a redirect' : ''}. Check the model's api_base.`,
}

function rejected({ model, status }: FailedAnswer, said: UpstreamError): string {
  return said.message === ''
    ? `The server behind model '${model}' rejected the request with status ${status} and no reason. Check the request's fields.`
    : `The server behind model '${model}' rejected the request: ${said.message}`
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
