import type { AccessBook } from '../auth/access-book.ts'
import type { Configuration } from '../configuration.ts'
import type { CallerGates } from '../limits/caller-gates.ts'
import type { Rooms } from '../pipeline/rooms.ts'
import type { Storage } from '../storage/storage.ts'
import type { ExchangeRows } from './exchange-rows.ts'
import { callerGauges } from './caller-gauges.ts'
import { deploymentGauges } from './deployment-gauges.ts'
import { limitGauges } from './limit-gauges.ts'
import type { GaugeSource } from './registry.ts'

export interface GaugeParts {
  readonly configuration: Configuration
  readonly storage: Storage
  readonly access: Pick<AccessBook, 'state'>
  readonly callers: Pick<CallerGates, 'limits' | 'counts'>
  readonly rows: ExchangeRows
  readonly rooms: Rooms
}

/** Numbers that are so now, read at the scrape. */
export function gaugesOf({
  configuration,
  storage,
  access,
  callers,
  rows,
  rooms,
}: GaugeParts): GaugeSource[] {
  const stored = (name: string, help: string, read: () => number): GaugeSource => ({
    name: `colonnade_${name}`,
    help,
    read,
  })
  return [
    { name: 'litellm_in_flight_requests', help: 'Requests under way.', read: () => rows.inFlight },
    {
      name: 'colonnade_config_generation',
      help: 'Number of the configuration that serves; 0 before the first.',
      acrossWorkers: 'min',
      read: () => configuration.serving?.generation ?? 0,
    },
    {
      name: 'colonnade_config_valid',
      help: '1 while the newest configuration is the one that serves, 0 while it was refused.',
      acrossWorkers: 'min',
      read: () => (configuration.refusal === undefined && configuration.serving ? 1 : 0),
    },
    {
      name: 'colonnade_config_models_left_out',
      help: 'Model entries that cannot be served; /config/status says why.',
      acrossWorkers: 'max',
      read: () => configuration.serving?.leftOut.length ?? 0,
    },
    ...deploymentGauges(() => configuration.serving?.router.deployments ?? [], rooms.now),
    ...limitGauges(() => configuration.serving?.router.deployments ?? [], rooms.now),
    ...callerGauges(callers, rooms.now),
    {
      name: 'colonnade_database_connected',
      help: '1 while Postgres answers.',
      acrossWorkers: 'min',
      read: () => (storage.metrics().isConnected ? 1 : 0),
    },
    stored('virtual_keys_known', 'Virtual keys in memory.', () => access.state.known),
    {
      name: 'colonnade_virtual_keys_current',
      help: '1 while a change of a virtual key is heard of within a second; 0: keys are off, or Postgres is away.',
      acrossWorkers: 'min',
      read: () => (access.state.mode === 'listening' || access.state.mode === 'polling' ? 1 : 0),
    },
    stored(
      'database_connection_attempts',
      'Attempts to connect since the start.',
      () => storage.metrics().connectionAttempts,
    ),
    stored(
      'database_connections_open',
      'Connections of the pool.',
      () => storage.metrics().poolOpen,
    ),
    stored(
      'database_connections_busy',
      'Connections of the pool in use.',
      () => storage.metrics().poolBusy,
    ),
    stored(
      'usage_rows_pending',
      'Usage rows in memory, not yet written.',
      () => storage.metrics().pendingRows,
    ),
    stored(
      'usage_rows_spooled',
      'Usage rows on disk, waiting for Postgres.',
      () => storage.metrics().spooledRows,
    ),
    stored('usage_spool_bytes', 'Size of the spool.', () => storage.metrics().spooledBytes),
    stored(
      'usage_rows_dropped',
      'Usage rows lost since the start; more than 0 is an accident.',
      () => storage.metrics().droppedRows,
    ),
    stored(
      'usage_rows_replayed',
      'Usage rows brought from the spool to Postgres.',
      () => storage.metrics().replayedRows,
    ),
    stored(
      'usage_flush_failures',
      'Batches that Postgres did not take at the first try.',
      () => storage.metrics().flushFailures,
    ),
    stored(
      'image_memory_bytes',
      'Pictures held in memory for want of Postgres.',
      () => storage.metrics().imageMemoryBytes,
    ),
  ]
}
