import type { Fallbacks, RouterSettings } from '../../modules/module.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { AskedFallbacks, FallbackTarget } from './asked-fallbacks.ts'

export type FallbackSettings = Pick<
  RouterSettings,
  'fallbacks' | 'contextWindowFallbacks' | 'contentPolicyFallbacks'
>

// Not the caller's own end, nor a fault of its request or of this gateway: another model changes nothing there.
const mendable: ReadonlySet<ErrorCode> = new Set([
  'upstream_rejected',
  'context_length_exceeded',
  'content_policy_violation',
  'upstream_refused_our_key',
  'upstream_lacks_model',
  'upstream_rate_limited',
  'upstream_failed',
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_nonsense',
  'unsupported_parameter',
  'endpoint_not_offered',
  'model_not_allowed',
  'rate_limit_exceeded',
  'no_deployment_available',
  'queue_full',
])

/** Whether another model may answer instead of one that failed like this. */
export function isMendable({ code, isFinal }: GatewayError): boolean {
  return !isFinal && mendable.has(code)
}

/**
 * The models to try in place of one that failed, in order. A prompt that is too long and one that is refused
 * have lists of their own; where such lists are set, only those count.
 */
export function fallbacksOf(
  names: readonly string[],
  failure: GatewayError,
  settings: FallbackSettings,
  asked: AskedFallbacks,
): readonly FallbackTarget[] {
  if (asked.areFallbacksDisabled || !isMendable(failure)) return []
  if (failure.code === 'context_length_exceeded') {
    const own = find(names, asked.contextWindowFallbacks, settings.contextWindowFallbacks)
    if (own) return own
  }
  if (failure.code === 'content_policy_violation') {
    const own = find(names, asked.contentPolicyFallbacks, settings.contentPolicyFallbacks)
    if (own) return own
  }
  return find(names, asked.fallbacks, settings.fallbacks) ?? []
}

type Lookup = (key: string) => readonly FallbackTarget[] | undefined

/** Undefined: no list is set at all. */
function find(
  names: readonly string[],
  asked: AskedFallbacks['fallbacks'],
  written: Fallbacks,
): readonly FallbackTarget[] | undefined {
  if (asked) return findIn(names, [...asked.keys()], (key) => asked.get(key)) ?? []
  const keys = Object.keys(written)
  if (keys.length === 0) return undefined
  const lookup: Lookup = (key) =>
    Object.hasOwn(written, key) ? written[key]?.map((model) => ({ model })) : undefined
  return findIn(names, keys, lookup) ?? []
}

/** By name, then by the name without or with a provider before it, then what stands for any. */
function findIn(
  names: readonly string[],
  keys: readonly string[],
  lookup: Lookup,
): readonly FallbackTarget[] | undefined {
  for (const name of names) {
    const exact = lookup(name)
    if (exact) return exact
  }
  for (const name of names) {
    const key = keys.find((one) => withoutPrefix(name) === one || withoutPrefix(one) === name)
    if (key !== undefined) return lookup(key)
  }
  return lookup('*')
}

function withoutPrefix(name: string): string | undefined {
  const slash = name.indexOf('/')
  return slash < 0 ? undefined : name.slice(slash + 1)
}
