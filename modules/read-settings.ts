import { durationMs } from './duration.ts'
import type { FaultList } from './fault-list.ts'
import type { GeneralSettings, LitellmSettings, PriceSettings, RouterSettings } from './module.ts'
import { optional, toMs } from './optional.ts'
import { readRouter } from './read-router.ts'
import { routerSchema } from './router-schema.ts'
import { generalSchema, litellmSchema } from './schema.ts'
import type { SchemaReader } from './schema-reader.ts'
import { readTimeZone } from './time-zone.ts'
import { readUrlFetch } from './url-fetch.ts'

interface Blocks {
  readonly router: unknown
  readonly litellm: unknown
  readonly general: unknown
}

interface Settings {
  readonly router: RouterSettings
  readonly litellm: LitellmSettings
  readonly general: GeneralSettings
  /** What is taken off prices and put on them. */
  readonly terms: Pick<PriceSettings, 'discounts' | 'margins'>
}

const mebibyte = 1024 * 1024

/** The three blocks of settings, with every default in place. */
export function readSettings(blocks: Blocks, reader: SchemaReader, faults: FaultList): Settings {
  const router = reader.read(routerSchema, blocks.router, ['router_settings']) ?? {}
  const litellm = reader.read(litellmSchema, blocks.litellm, ['litellm_settings']) ?? {}
  const general = reader.read(generalSchema, blocks.general, ['general_settings']) ?? {}
  return {
    terms: {
      ...optional('discounts', litellm.cost_discount_config),
      ...optional('margins', litellm.cost_margin_config),
    },
    router: readRouter(router, litellm, faults),
    litellm: {
      dropParams: litellm.drop_params ?? false,
      modifyParams: litellm.modify_params ?? false,
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
      ...optional('spendLogRetentionMs', durationMs(general.maximum_spend_logs_retention_period)),
      onDatabaseOutage: general.on_database_outage ?? 'lease',
      maxKeyStalenessMs: toMs(general.max_key_staleness ?? 3600) ?? 0,
      ...optional('unsettledReleaseAfterMs', toMs(general.unsettled_release_after)),
      defaultMaxTokens: general.default_max_tokens ?? 4096,
      timeZone: readTimeZone(litellm.timezone, faults),
      limits: {
        ...optional('max_budget', litellm.max_budget),
        ...optional('budget_duration', litellm.budget_duration),
        ...general.limits,
      },
      areModelsStored: general.store_model_in_db ?? false,
      ...optional('storeResponsesMs', toMs(general.store_responses?.ttl)),
      urlFetch: readUrlFetch(general.url_fetch, faults),
    },
  }
}
