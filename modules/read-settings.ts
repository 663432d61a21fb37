import type { FaultList } from './fault-list.ts'
import type { GeneralSettings, LitellmSettings, RouterSettings } from './module.ts'
import { optional, toMs } from './optional.ts'
import { readRouter } from './read-router.ts'
import { routerSchema } from './router-schema.ts'
import { generalSchema, litellmSchema } from './schema.ts'
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
  return {
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
      ...optional('storeResponsesMs', toMs(general.store_responses?.ttl)),
    },
  }
}
