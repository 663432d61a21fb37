import { toPolicy } from './failure-policies.ts'
import type { FaultList } from './fault-list.ts'
import type { RouterSettings } from './module.ts'
import { optional, toMs } from './optional.ts'
import { areRatesEnforced } from './pre-call-checks.ts'
import { readAliases } from './read-aliases.ts'
import { readFallbacks } from './read-fallbacks.ts'
import { toQueue } from './read-quotas.ts'
import {
  defaultConnectTimeoutSeconds,
  defaultTimeoutSeconds,
  type routerSchema,
} from './router-schema.ts'
import type { litellmSchema } from './schema.ts'
import type { ValueOf } from './schema-parts.ts'
import { tableOf } from './table.ts'

type Router = ValueOf<typeof routerSchema>
type Litellm = ValueOf<typeof litellmSchema>

/** How deployments are chosen and failures met, with every default in place. */
export function readRouter(router: Router, litellm: Litellm, faults: FaultList): RouterSettings {
  const args = router.routing_strategy_args ?? {}
  return {
    ...optional('strategy', router.routing_strategy),
    latencyBuffer: args.lowest_latency_buffer ?? 0,
    latencySamples: args.max_latency_list_size ?? 10,
    latencyTtlMs: toMs(args.ttl) ?? 3_600_000,
    ...readRetries(router, litellm),
    ...readTimeouts(router, litellm),
    ...readCooldowns(router, litellm),
    ...readFallbackKinds(router, litellm, faults),
    maxFallbacks: router.max_fallbacks ?? 5,
    isTagFiltering: router.enable_tag_filtering ?? false,
    isTagMatchAny: router.tag_filtering_match_any ?? true,
    arePreCallChecksOn: router.enable_pre_call_checks ?? false,
    areRatesEnforced: areRatesEnforced(router.optional_pre_call_checks ?? [], faults),
    ...optional('defaultMaxParallelRequests', router.default_max_parallel_requests),
    ...optional('queue', toQueue(router.queue)),
    aliases: readAliases(router.model_group_alias ?? {}, faults),
  }
}

function readRetries(router: Router, litellm: Litellm) {
  const policies = Object.entries(router.model_group_retry_policy ?? {})
  return {
    numRetries: router.num_retries ?? litellm.num_retries ?? 2,
    retryAfterMs: toMs(router.retry_after) ?? 0,
    retryPolicy: toPolicy(router.retry_policy, 'Retries'),
    groupRetryPolicies: tableOf(
      policies.map(([model, policy]) => [model, toPolicy(policy, 'Retries')] as const),
    ),
  }
}

function readTimeouts(router: Router, litellm: Litellm) {
  const longest = router.timeout ?? litellm.request_timeout ?? defaultTimeoutSeconds
  return {
    timeoutMs: Math.round(longest * 1000),
    ...optional('streamTimeoutMs', toMs(router.stream_timeout)),
    connectTimeoutMs: toMs(router.connect_timeout) ?? defaultConnectTimeoutSeconds * 1000,
    ...optional('chunkTimeoutMs', toMs(router.chunk_timeout)),
    ...optional('totalTimeoutMs', toMs(router.total_timeout)),
  }
}

function readCooldowns(router: Router, litellm: Litellm) {
  return {
    ...optional('allowedFails', router.allowed_fails ?? litellm.allowed_fails),
    allowedFailsPolicy: toPolicy(router.allowed_fails_policy, 'AllowedFails'),
    ...optional('cooldownMs', toMs(router.cooldown_time ?? litellm.cooldown_time)),
    areCooldownsDisabled: router.disable_cooldowns ?? false,
  }
}

function readFallbackKinds(router: Router, litellm: Litellm, faults: FaultList) {
  const own = router.default_fallbacks ?? []
  return {
    fallbacks: readFallbacks(
      {
        key: 'fallbacks',
        router: router.fallbacks,
        litellm: litellm.fallbacks,
        defaults: own.length > 0 ? own : litellm.default_fallbacks,
      },
      faults,
    ),
    contextWindowFallbacks: readFallbacks(
      {
        key: 'context_window_fallbacks',
        router: router.context_window_fallbacks,
        litellm: litellm.context_window_fallbacks,
      },
      faults,
    ),
    contentPolicyFallbacks: readFallbacks(
      {
        key: 'content_policy_fallbacks',
        router: router.content_policy_fallbacks,
        litellm: litellm.content_policy_fallbacks,
      },
      faults,
    ),
  }
}
