import { FaultList } from './fault-list.ts'
import { createRefusingFill } from './fill.ts'
import type { Fault, GatewayParent } from './module.ts'
import { checkPlatform } from './platform-checks.ts'
import { platformSchema } from './platform-schema.ts'
import { optional } from './optional.ts'
import { readPlacement } from './placement-schema.ts'
import type { Placement } from './placement-schema.ts'
import { SchemaReader } from './schema-reader.ts'
import type { ValueOf } from './schema-parts.ts'
import { parseYaml } from './yaml-source.ts'
import type { YamlSource } from './yaml-source.ts'

/** What all modules share, with every default in place. */
export interface Platform extends Placement {
  readonly namespace: string
  /** Name without a tag. */
  readonly image: string
  /** `sha256:…`, in place of a tag. */
  readonly imageDigest?: string
  readonly imagePullSecrets: readonly string[]
  /** `node`: the node's own address, from `status.hostIP`. */
  readonly backendHost: string
  readonly secrets: PlatformSecrets
  readonly postgres: PlatformPostgres
  readonly prometheus: PlatformPrometheus
  readonly ingress?: PlatformIngress
  readonly gatewayApi?: PlatformGatewayApi
}

type PlatformSecrets =
  | { readonly mode: 'generated' | 'existing' }
  | {
      readonly mode: 'external'
      readonly store: string
      readonly storeKind: string
      /** `{name}` stands for the name of the Secret. */
      readonly path: string
      readonly refresh: string
    }

interface PlatformPostgres {
  readonly mode: 'bundled' | 'external' | 'cnpg'
  /** Of the bundled one, with its full tag. */
  readonly image: string
  /** Of the cluster; absent: what its operator takes. */
  readonly clusterImage?: string
  readonly storage: string
  readonly storageClass?: string
  /** Holds the address of an external one, in place of `.env`. */
  readonly secret?: { readonly name: string; readonly key: string }
  readonly instances: number
  readonly poolers: number
}

interface PlatformPrometheus {
  readonly mode: 'bundled' | 'operator' | 'none'
  /** With its full tag. */
  readonly image: string
  /** Absent: an emptyDir. */
  readonly storage?: string
  readonly storageClass?: string
  readonly retention: string
  readonly nodePort: number
  /** By which an operator finds its objects. */
  readonly labels: Readonly<Record<string, string>>
  /** From where metrics may be read, where Prometheus is not ours; absent: from anywhere. */
  readonly namespace?: string
  /** Where autoscaling asks; absent: the bundled one. */
  readonly address?: string
  readonly hasRules: boolean
}

/** One host with a path for each module, or a host for each. */
export type Routing = 'path' | 'host'

export interface PlatformIngress {
  readonly host: string
  readonly routing: Routing
  readonly class?: string
  /** Absent: plain HTTP. */
  readonly tlsSecret?: string
  readonly issuer?: { readonly kind: 'ClusterIssuer' | 'Issuer'; readonly name: string }
  readonly annotations: Readonly<Record<string, string>>
}

interface PlatformGatewayApi {
  readonly host?: string
  readonly routing: Routing
  readonly parents: readonly GatewayParent[]
}

/** platform.yaml as it is written. */
export type WrittenPlatform = ValueOf<typeof platformSchema>

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
  checkPlatform(written, faults)
  return {
    namespace: written.namespace ?? 'ai-gateway',
    image: written.image ?? 'colonnade-gateway',
    ...optional('imageDigest', written.image_digest),
    imagePullSecrets: written.image_pull_secrets ?? [],
    nodeSelector: {},
    tolerations: [],
    ...readPlacement(written),
    backendHost: written.backend_host ?? 'host.minikube.internal',
    secrets: toSecrets(written.secrets ?? {}),
    postgres: toPostgres(written.postgres ?? {}),
    prometheus: toPrometheus(written.prometheus ?? {}),
    ...optional('ingress', written.ingress && toIngress(written.ingress)),
    ...optional('gatewayApi', written.gateway_api && toGatewayApi(written.gateway_api)),
  }
}

type Written<Key extends keyof WrittenPlatform> = NonNullable<WrittenPlatform[Key]>

function toSecrets(written: Written<'secrets'>): PlatformSecrets {
  if (written.mode !== 'external') return { mode: written.mode ?? 'generated' }
  return {
    mode: 'external',
    store: written.store ?? '',
    storeKind: written.store_kind ?? 'ClusterSecretStore',
    path: written.path ?? 'colonnade/{name}',
    refresh: written.refresh ?? '1h',
  }
}

function toPostgres(written: Written<'postgres'>): PlatformPostgres {
  const { mode = 'bundled', image, secret } = written
  return {
    mode,
    image: image ?? 'postgres:15.18-bookworm',
    ...optional('clusterImage', mode === 'cnpg' ? image : undefined),
    storage: written.storage ?? '5Gi',
    ...optional('storageClass', written.storage_class),
    ...optional(
      'secret',
      secret === undefined ? undefined : { name: secret, key: written.secret_key ?? 'uri' },
    ),
    instances: written.instances ?? 3,
    poolers: written.pooler ?? 0,
  }
}

function toPrometheus(written: Written<'prometheus'>): PlatformPrometheus {
  return {
    mode: written.mode ?? 'bundled',
    image: written.image ?? 'prom/prometheus:v3.13.0',
    ...optional('storage', written.storage),
    ...optional('storageClass', written.storage_class),
    retention: written.retention ?? '15d',
    nodePort: written.node_port ?? 30900,
    labels: written.labels ?? {},
    ...optional('namespace', written.namespace),
    ...optional('address', written.address),
    hasRules: written.rules ?? true,
  }
}

function toIngress(written: Written<'ingress'>): PlatformIngress {
  const { issuer, issuer_kind: kind = 'ClusterIssuer' } = written
  const made = issuer === undefined ? undefined : 'gateway-tls'
  return {
    host: written.host,
    routing: written.routing ?? 'path',
    ...optional('class', written.class),
    ...optional('tlsSecret', written.tls_secret ?? made),
    ...optional('issuer', issuer === undefined ? undefined : { kind, name: issuer }),
    annotations: written.annotations ?? {},
  }
}

function toGatewayApi(written: Written<'gateway_api'>): PlatformGatewayApi {
  return {
    ...optional('host', written.host),
    routing: written.routing ?? 'path',
    parents: written.parents,
  }
}
