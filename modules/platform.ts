import { FaultList } from './fault-list.ts'
import { createRefusingFill } from './fill.ts'
import type { Fault } from './module.ts'
import { platformSchema } from './platform-schema.ts'
import { optional } from './optional.ts'
import { SchemaReader } from './schema-reader.ts'
import { parseYaml } from './yaml-source.ts'
import type { YamlSource } from './yaml-source.ts'

/** What all modules share, with every default in place. */
export interface Platform {
  readonly namespace: string
  /** Name without a tag. */
  readonly image: string
  /** `node`: the node's own address, from `status.hostIP`. */
  readonly backendHost: string
  readonly postgres: PlatformPostgres
  readonly prometheus: PlatformPrometheus
}

interface PlatformPostgres {
  readonly mode: 'bundled' | 'external'
  /** With its full tag. */
  readonly image: string
  readonly storage: string
  readonly storageClass?: string
}

interface PlatformPrometheus {
  readonly mode: 'bundled' | 'none'
  /** With its full tag. */
  readonly image: string
  /** Absent: an emptyDir. */
  readonly storage?: string
  readonly storageClass?: string
  readonly retention: string
  readonly nodePort: number
}

/** Reads platform.yaml; an absent or empty file is the default platform. Never throws. */
export function readPlatform(
  text: string | undefined,
  file = 'platform.yaml',
): { platform: Platform; faults: Fault[] } {
  const source = parseYaml(isBlank(text) ? '{}' : text)
  const faults = new FaultList(file, source)
  const platform = toPlatform(source, faults)
  return { platform, faults: faults.sorted() }
}

/** Comments alone are no platform either. */
function isBlank(text: string | undefined): text is undefined {
  return text === undefined || text.split('\n').every((line) => /^\s*(#.*)?$/.test(line))
}

function toPlatform(source: YamlSource, faults: FaultList): Platform {
  const fill = createRefusingFill(faults)
  const reader = new SchemaReader({ faults, fill, onOtherKey: () => undefined })
  const written = reader.read(platformSchema, source.value, []) ?? {}
  const { postgres = {}, prometheus = {} } = written
  if (postgres.mode === 'cnpg') {
    refuseMode('postgres', 'bundled or external', 'cnpg', faults)
  }
  if (prometheus.mode === 'operator') {
    refuseMode('prometheus', 'bundled or none', 'operator', faults)
  }
  return {
    namespace: written.namespace ?? 'ai-gateway',
    image: written.image ?? 'colonnade-gateway',
    backendHost: written.backend_host ?? 'host.minikube.internal',
    postgres: {
      mode: postgres.mode === 'external' ? 'external' : 'bundled',
      image: postgres.image ?? 'postgres:15.18-bookworm',
      storage: postgres.storage ?? '5Gi',
      ...optional('storageClass', postgres.storage_class),
    },
    prometheus: {
      mode: prometheus.mode === 'none' ? 'none' : 'bundled',
      image: prometheus.image ?? 'prom/prometheus:v3.13.0',
      ...optional('storage', prometheus.storage),
      ...optional('storageClass', prometheus.storage_class),
      retention: prometheus.retention ?? '15d',
      nodePort: prometheus.node_port ?? 30900,
    },
  }
}

function refuseMode(block: string, expected: string, found: string, faults: FaultList): void {
  faults.error([block, 'mode'], `expected ${expected}, found ${found}, which is not yet offered`)
}
