import type { FaultList } from './fault-list.ts'
import type { GeneralSettings, LitellmSettings, RouterSettings } from './module.ts'
import { optional } from './optional.ts'
import { toMs } from './read-models.ts'
import { defaultTimeoutSeconds, generalSchema, litellmSchema, routerSchema } from './schema.ts'
import type { SchemaReader } from './schema-reader.ts'

interface Blocks {
  readonly router: unknown
  readonly litellm: unknown
  readonly general: unknown
}

interface Settings {
  readonly router: RouterSettings
  readonly litellm: LitellmSettings
  readonly general: GeneralSettings
}

const mebibyte = 1024 * 1024

/** The three blocks of settings, with every default in place. */
export function readSettings(blocks: Blocks, reader: SchemaReader, faults: FaultList): Settings {
  const router = reader.read(routerSchema, blocks.router, ['router_settings']) ?? {}
  const litellm = reader.read(litellmSchema, blocks.litellm, ['litellm_settings']) ?? {}
  const general = reader.read(generalSchema, blocks.general, ['general_settings']) ?? {}
  if (router.routing_strategy !== undefined) {
    faults.warning(
      ['router_settings', 'routing_strategy'],
      `${router.routing_strategy} is not followed: deployments are picked by priority, weight and load`,
    )
  }
  const timeoutSeconds = router.timeout ?? litellm.request_timeout ?? defaultTimeoutSeconds
  return {
    router: {
      ...optional('strategy', router.routing_strategy),
      numRetries: router.num_retries ?? litellm.num_retries ?? 2,
      latencyBuffer: 0,
      retryAfterMs: 0,
      retryPolicy: {},
      groupRetryPolicies: {},
      connectTimeoutMs: 5000,
      allowedFailsPolicy: {},
      areCooldownsDisabled: false,
      fallbacks: {},
      contextWindowFallbacks: {},
      contentPolicyFallbacks: {},
      maxFallbacks: 5,
      isTagFiltering: false,
      isTagMatchAny: true,
      arePreCallChecksOn: false,
      areRatesEnforced: false,
      timeoutMs: Math.round(timeoutSeconds * 1000),
      ...optional('streamTimeoutMs', toMs(router.stream_timeout)),
      ...optional('allowedFails', router.allowed_fails ?? litellm.allowed_fails),
      ...optional('cooldownMs', toMs(router.cooldown_time ?? litellm.cooldown_time)),
      aliases: readAliases(router.model_group_alias ?? {}, faults),
    },
    litellm: {
      dropParams: litellm.drop_params ?? false,
      modifyParams: false,
      ...optional('requestTimeoutMs', toMs(litellm.request_timeout)),
      isMetricsKeyRequired: litellm.require_auth_for_metrics_endpoint ?? false,
    },
    general: {
      ...optional('masterKey', general.master_key?.trim() || undefined),
      ...optional('databaseUrl', general.database_url?.trim() || undefined),
      maxRequestBytes: Math.round((general.max_request_size_mb ?? 32) * mebibyte),
      maxUploadBytes: Math.round((general.max_file_size_mb ?? 512) * mebibyte),
      ...optional('keyHeaderName', general.litellm_key_header_name?.toLowerCase()),
      areSpendLogsDisabled: general.disable_spend_logs ?? false,
    },
  }
}

type Alias = string | readonly string[] | { readonly model: string; readonly hidden?: boolean }

function readAliases(
  written: Readonly<Record<string, Alias>>,
  faults: FaultList,
): RouterSettings['aliases'] {
  const aliases: Record<string, RouterSettings['aliases'][string]> = {}
  for (const [name, target] of Object.entries(written)) {
    const { models, isHidden } = readAlias(target)
    if (models.length > 0) aliases[name] = { models, isHidden }
    else {
      const path = ['router_settings', 'model_group_alias', name]
      faults.error(path, 'expected a model name, found an empty list')
    }
  }
  return aliases
}

function readAlias(target: Alias): RouterSettings['aliases'][string] {
  if (typeof target === 'string') return { models: [target], isHidden: false }
  if ('model' in target) return { models: [target.model], isHidden: target.hidden ?? false }
  return { models: target, isHidden: false }
}
