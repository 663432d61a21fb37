import type { AccessBook } from './auth/access-book.ts'
import type { Configuration } from './configuration.ts'
import type { Readiness } from './endpoints/gateway.ts'
import type { SaltCheck } from './salt-check.ts'
import type { Settings } from './settings.ts'
import type { Storage } from './storage/storage.ts'

export interface ReadinessParts {
  readonly configuration: Configuration
  readonly storage: Storage
  readonly settings: Settings
  readonly salt: SaltCheck
  readonly access: Pick<AccessBook, 'state'>
  readonly isDraining: boolean
}

/** Whether traffic may come, and what is missing. Postgres is told of and never waited for. */
export function describeReadiness({
  configuration: { serving, refusal },
  storage,
  settings,
  salt,
  access,
  isDraining,
}: ReadinessParts): Readiness {
  const { db, ...database } = storage.state()
  const isReady = serving !== undefined && !isDraining
  const reason = isDraining ? 'draining' : serving ? undefined : refusal?.message
  return {
    isReady,
    body: {
      status: isReady ? 'healthy' : 'unhealthy',
      db,
      database,
      instance: settings.instanceId,
      config_generation: serving?.generation ?? 0,
      ...(db !== 'not configured' && { salt_key: salt.state, virtual_keys: access.state.mode }),
      ...(reason !== undefined && { reason }),
      ...(serving && refusal && { config_refused: refusal.message }),
    },
  }
}

/** Which configuration one worker serves, what was left out of it, and why a newer one was refused. */
export function describeConfiguration(
  configuration: Configuration,
  worker: number,
): Record<string, unknown> {
  const { serving, refusal } = configuration
  return {
    worker,
    valid: refusal === undefined,
    generation: serving?.generation ?? 0,
    digest: serving?.digest ?? null,
    loaded_at: serving ? new Date(serving.loadedAtMs).toISOString() : null,
    models: serving?.router.listed.map(({ id }) => id) ?? [],
    left_out: serving?.leftOut ?? [],
    warnings: serving?.warnings ?? [],
    refused: refusal
      ? {
          message: refusal.message,
          faults: refusal.faults,
          at: new Date(refusal.atMs).toISOString(),
        }
      : null,
  }
}
