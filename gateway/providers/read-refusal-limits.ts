import { isObject } from '../../modules/json-object.ts'
import type { UpstreamLimits } from '../limits/gate.ts'
import { durationOf, wholeOf } from './read-amounts.ts'
import { isList, textOf } from './read-json.ts'
import { mergeLimits, periodOf, readLimits } from './read-limits.ts'

/** What the body of a 429 tells. */
export interface RefusalLimits {
  readonly limits: UpstreamLimits | undefined
  /** How long it asks to be left alone. */
  readonly waitMs: number | undefined
}

/** Reads the limits out of a 429's body: Google's details, OpenRouter's headers, and what the others say in words. */
export function readRefusalLimits(body: unknown, message: string, nowMs: number): RefusalLimits {
  const error = errorIn(body)
  const limits = mergeLimits([
    ...googleViolations(error.details),
    openRouterLimits(error, message, nowMs),
    inWords(message),
  ])
  return { limits, waitMs: googleDelay(error.details) ?? waitInWords(message) }
}

function errorIn(body: unknown): Readonly<Record<string, unknown>> {
  const answer = isList(body) ? body[0] : body
  if (!isObject(answer)) return {}
  return isObject(answer.error) ? answer.error : answer
}

/** `quotaId: GenerateRequestsPerDayPerProjectPerModel-FreeTier`, `quotaValue: "50"`. */
function googleViolations(details: unknown): UpstreamLimits[] {
  return objectsIn(details)
    .flatMap(({ violations }) => objectsIn(violations))
    .flatMap(({ quotaId, quotaMetric, quotaValue }) => {
      const id = textOf(quotaId) ?? textOf(quotaMetric)
      if (id === undefined) return []
      const [, period] = /per(minute|hour|day|month)/i.exec(id.slice(0, 500)) ?? []
      const limit = wholeOf(textOf(quotaValue) ?? '')
      const told = { remaining: 0, per: periodOf(period?.toLowerCase()), limit }
      return [/token/i.test(id) ? { tokens: told } : { requests: told }]
    })
}

function googleDelay(details: unknown): number | undefined {
  const [delay] = objectsIn(details).flatMap(({ retryDelay }) => textOf(retryDelay) ?? [])
  return delay === undefined ? undefined : durationOf(delay)
}

function openRouterLimits(
  { metadata }: Readonly<Record<string, unknown>>,
  message: string,
  nowMs: number,
): UpstreamLimits | undefined {
  const headers = isObject(metadata) ? metadata.headers : undefined
  if (!isObject(headers)) return undefined
  const named = Object.entries(headers)
    .slice(0, 50)
    .flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number'
        ? [[name.toLowerCase(), `${value}`] as const]
        : [],
    )
  const told = readLimits(Object.fromEntries(named), nowMs)
  const [, period] = /-per-(min|hour|day)\b/.exec(message) ?? []
  return (
    told?.requests && { requests: { ...told.requests, per: told.requests.per ?? periodOf(period) } }
  )
}

// OpenAI, Groq: "on tokens per min (TPM): Limit 6000, Used 5900, Requested 300. Please try again in 2.1s."
const openAiWords =
  /\bon (requests|tokens) per (min|hour|day|month)\b[^:]{0,20}: limit (\d{1,15})(?:\.\d+)?, used (\d{1,15})/i
// Azure: "have exceeded token rate limit of your current … Please retry after 22 seconds."
const azureWords = /\bexceeded (token|call|request) rate limit\b/i
// Cohere: "limited to 20 API calls / minute"
const cohereWords = /\blimited to (\d{1,15}) api calls? ?\/ ?(minute|hour|day|month)\b/i
// GitHub: "Rate limit of 50 per 86400s exceeded"
const githubWords = /\brate limit of (\d{1,15}) per (60|3600|86400)s exceeded\b/i

const periodOfSeconds: Readonly<Record<string, 'minute' | 'hour' | 'day'>> = {
  60: 'minute',
  3600: 'hour',
  86400: 'day',
}

function inWords(message: string): UpstreamLimits | undefined {
  const [isOpenAi, unit, period, limit, used] = openAiWords.exec(message) ?? []
  if (isOpenAi !== undefined) {
    const told = {
      per: periodOf(period?.toLowerCase()),
      limit: Number(limit),
      remaining: Math.max(0, Number(limit) - Number(used)),
      resetsInMs: waitInWords(message),
    }
    return unit?.toLowerCase() === 'tokens' ? { tokens: told } : { requests: told }
  }
  const [, azureUnit] = azureWords.exec(message) ?? []
  if (azureUnit !== undefined) {
    const told = { per: 'minute', remaining: 0, resetsInMs: waitInWords(message) } as const
    return azureUnit.toLowerCase() === 'token' ? { tokens: told } : { requests: told }
  }
  const [, calls, callPeriod] = cohereWords.exec(message) ?? githubWords.exec(message) ?? []
  if (calls === undefined || callPeriod === undefined) return undefined
  const per = periodOfSeconds[callPeriod] ?? periodOf(callPeriod.toLowerCase())
  return { requests: { per, limit: Number(calls), remaining: 0, resetsInMs: waitInWords(message) } }
}

const waitWords =
  /\b(?:try again in|retry after|retry in|please wait) (\d[\d.]{0,15} (?:millisecond|second|minute|hour)s?\b|(?:\d[\d.]{0,15}(?:ms|[smhd])){1,5})/i

function waitInWords(message: string): number | undefined {
  const [, wait] = waitWords.exec(message) ?? []
  return wait === undefined ? undefined : durationOf(wait.toLowerCase())
}

function objectsIn(value: unknown): Readonly<Record<string, unknown>>[] {
  return isList(value) ? value.slice(0, 50).filter(isObject) : []
}
