import type { DeploymentParams, FailurePolicy, RouterSettings } from '../../modules/module.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { isFault } from './breaker.ts'
import { findInPolicy } from './failure-class.ts'

/** How often a group is tried again: `num_retries` of the request, the deployment, the router, in this order. */
export interface RetrySettings {
  readonly numRetries: number
  /** By class of failure; stands before `numRetries` and before what is else not tried again. */
  readonly policy: FailurePolicy
  /** Least wait before the same deployment is called again. */
  readonly retryAfterMs: number
}

export function retrySettingsOf(
  asked: number | undefined,
  group: string,
  { numRetries }: Pick<DeploymentParams, 'numRetries'>,
  router: RouterSettings,
): RetrySettings {
  return {
    numRetries: asked ?? numRetries ?? router.numRetries,
    policy: router.groupRetryPolicies[group] ?? router.retryPolicy,
    retryAfterMs: router.retryAfterMs,
  }
}

/** What has happened in an exchange when an attempt has failed. */
export interface Past {
  /** Retries made in this group. */
  readonly retries: number
  /** Earlier attempts of the whole exchange that may have been billed. */
  readonly billed: number
  /** Whether the failed attempt had a good head: its work may be done, and billed. */
  readonly hasAnswerBegun: boolean
  /** Whether the group has another deployment. */
  readonly hasOthers: boolean
  /** Until the caller's deadline; Infinity: none. */
  readonly leftMs: number
}

/** Whether a group may be tried again: not, only on another deployment, or on the failed one as well. */
export type Again = 'no' | 'elsewhere' | 'anywhere'

const longestWaitAskedMs = 60_000

/** What may follow a failed attempt within its group. Another awake deployment goes before the failed one. */
export function judgeFailure(failure: GatewayError, past: Past, settings: RetrySettings): Again {
  if (failure.isFinal || !isUpstreams(failure)) return 'no'
  const named = findInPolicy(settings.policy, failure.code, failure.answeredStatus)
  if (past.retries >= (named?.count ?? settings.numRetries)) return 'no'
  if (!named && !isTriedAgain(failure)) return 'no'
  if (mayHaveBilled(failure, past.hasAnswerBegun)) {
    // A policy for timeouts is its owner's word that paying twice is fine.
    if (named?.name === 'TimeoutError') return 'anywhere'
    return past.billed === 0 ? elsewhere(past) : 'no'
  }
  if (isFault(failure.code) && !named) return elsewhere(past)
  return isAskingTooMuch(failure, past) ? elsewhere(past) : 'anywhere'
}

/** Whether the upstream may have done the work all the same: it began to answer, or was not waited for. */
export function mayHaveBilled(failure: GatewayError, hasAnswerBegun: boolean): boolean {
  if (hasAnswerBegun) return true
  const { code, answeredStatus } = failure
  const isUnclear = code === 'upstream_timeout' || code === 'upstream_nonsense'
  return isUnclear && answeredStatus === undefined
}

export interface Turn {
  /** Whether the next attempt goes to another deployment that is awake. */
  readonly isOtherAwake: boolean
  readonly retries: number
  readonly leftMs: number
  /** Uniform in [0, 1). */
  readonly random: number
}

const baseWaitMs = 100
const longestWaitMs = 5_000

/** How long to wait before a retry; undefined: longer than the caller waits, so it is not made. */
export function waitBeforeRetry(
  { retryAfterSeconds }: GatewayError,
  { isOtherAwake, retries, leftMs, random }: Turn,
  settings: RetrySettings,
): number | undefined {
  if (isOtherAwake) return 0
  const askedMs = (retryAfterSeconds ?? 0) * 1_000
  // Those who were all told the same moment must not come all at once.
  const waitMs =
    askedMs > 0 && askedMs <= longestWaitAskedMs
      ? askedMs + 1 + random * baseWaitMs
      : random * Math.min(longestWaitMs, baseWaitMs * 2 ** retries)
  const fullMs = Math.max(waitMs, settings.retryAfterMs)
  return fullMs < leftMs ? fullMs : undefined
}

const ofUpstreams = /^(upstream_|context_length_|content_policy_)/

function isUpstreams({ code }: GatewayError): boolean {
  return ofUpstreams.test(code)
}

// As LiteLLM: of an upstream's 4xx only 408, 409 and 429, and what is wrong with one deployment alone.
function isTriedAgain({ kind, status }: GatewayError): boolean {
  return kind.next || status === 409
}

function elsewhere({ hasOthers }: Past): Again {
  return hasOthers ? 'elsewhere' : 'no'
}

function isAskingTooMuch({ code, retryAfterSeconds = 0 }: GatewayError, { leftMs }: Past): boolean {
  const askedMs = retryAfterSeconds * 1_000
  return askedMs >= leftMs || (code === 'upstream_rate_limited' && askedMs > longestWaitAskedMs)
}
