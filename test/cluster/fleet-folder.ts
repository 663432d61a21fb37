import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { ensureEnvFile, masterKeyName } from '../../infra/env-file.ts'
import { readFleet } from '../../infra/fleet.ts'
import type { Fleet } from '../../infra/fleet.ts'
import { deletionCommands } from '../../infra/removal.ts'
import { renderSecrets } from '../../infra/secrets.ts'
import { synthesiseOverlays } from '../../infra/overlays/index.ts'
import { synthesise, synthesiseComponents } from '../../infra/synthesise.ts'
import { applyDifferences, compareFolder } from '../../infra/write-folder.ts'
import { madeBy } from './label.ts'
import { upstreamName, upstreamOnNode, upstreamPort, upstreamResources } from './upstream.ts'

/** A module as the tests run it. */
export interface TestedModule {
  readonly name: string
  readonly nodePort: number
  readonly endpoints: readonly string[]
  readonly replicas: number
  readonly key: string
}

export interface TestFleet {
  /** Holds modules/, k8s/ and secrets/ of its own. */
  readonly folder: string
  readonly namespace: string
  readonly image: string
  readonly prometheusPort: number
  readonly modules: readonly TestedModule[]
  /** Every object, in a shape that `kubectl apply --kustomize` takes. */
  readonly kustomization: string
  /** The same by `overlays/hostnetwork`, the model server in the node's network, too. */
  readonly hostNetworkKustomization: string
}

/** The model that every module offers; a request for it goes to the upstream of the tests alone. */
export const modelName = 'demo'

interface Wish {
  readonly namespace: string
  readonly image: string
}

/**
 * Writes the fleet to test into a folder: the modules with their own endpoints, ports and sizes, but with keys made
 * for the occasion and a model server of the tests behind them. Nothing of the fleet it is read from is touched.
 */
export function writeTestFleet(folder: string, fleet: Fleet, wish: Wish): TestFleet {
  const { postgres, prometheus } = fleet.platform
  write(folder, 'platform.yaml', {
    namespace: wish.namespace,
    backend_host: upstreamName,
    postgres: { image: postgres.image },
    prometheus: { image: prometheus.image, node_port: prometheus.nodePort },
  })
  for (const { name, nodePort, module, deploy } of fleet.modules) {
    const { replicas } = deploy
    write(folder, `modules/${name}.yaml`, {
      endpoints: module.endpoints,
      deploy: { node_port: nodePort, replicas: replicas ?? 1 },
      model_list: [modelTo(upstreamUrl), keyedModel],
    })
  }
  writeFileSync(join(folder, '.env'), `${vendorKey.name}=${vendorKey.value}\n`)
  const { keys } = renderTestFleet(folder, wish.image)
  return {
    folder,
    namespace: wish.namespace,
    image: wish.image,
    prometheusPort: prometheus.nodePort,
    kustomization: join(folder, 'made'),
    hostNetworkKustomization: join(folder, 'made-hostnetwork'),
    modules: fleet.modules.map(({ name, nodePort, module, deploy: { replicas } }) => ({
      name,
      nodePort,
      endpoints: module.endpoints,
      replicas: replicas ?? 1,
      key: keys[masterKeyName(name)] ?? '',
    })),
  }
}

/** Writes what `npm run synth` would, and says what deletes from a cluster that is gone from the folder. */
export function renderTestFleet(
  folder: string,
  image: string,
): { readonly keys: Readonly<Record<string, string>>; readonly deletions: readonly string[] } {
  const written = readFleet(folder)
  const { values: keys } = ensureEnvFile(folder, written)
  const synthesis = { ...written, image }
  const files = synthesise(synthesis)
  const differences = compareFolder(join(folder, 'k8s'), files)
  applyDifferences(join(folder, 'k8s'), differences)
  writeAll(join(folder, 'components'), synthesiseComponents(synthesis))
  writeAll(join(folder, 'overlays'), synthesiseOverlays(synthesis))
  writeAll(join(folder, 'secrets'), renderSecrets(written, keys))
  writeUpstream(folder, upstreamResources(written.platform.namespace, image))
  return { keys, deletions: deletionCommands(differences, files) }
}

function writeUpstream(folder: string, resources: readonly object[]): void {
  for (const [index, resource] of resources.entries())
    write(folder, `upstream/${index}.yaml`, resource)
  write(folder, 'upstream/kustomization.yaml', {
    ...kustomization,
    resources: resources.map((_, index) => `${index}.yaml`),
  })
  write(folder, 'made/kustomization.yaml', {
    ...kustomization,
    resources: ['../k8s', '../secrets', '../upstream'],
    labels,
  })
  write(folder, 'made-hostnetwork/kustomization.yaml', {
    ...kustomization,
    resources: ['../overlays/hostnetwork', '../upstream'],
    patches: [upstreamOnNode],
    labels,
  })
}

const kustomization = {
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
} as const

const labels = [{ pairs: madeBy, includeTemplates: false, includeSelectors: false }]

/** By the variable that an overlay gives another value. */
const upstreamUrl = `http://\${BACKEND_HOST}:${upstreamPort}/v1`

/** What the keyed model shows its upstream, until a check changes it. */
export const vendorKey = {
  name: 'TEST_VENDOR_KEY',
  value: 'the-first-key',
  model: 'keyed',
} as const

const keyedModel = {
  model_name: vendorKey.model,
  litellm_params: {
    model: 'openai/demo',
    api_base: upstreamUrl,
    api_key: `os.environ/${vendorKey.name}`,
  },
}

/** An entry of model_list that leads to one server. */
export function modelTo(url: string, name: string = modelName): object {
  return {
    model_name: name,
    litellm_params: { model: 'openai/demo', api_base: url, api_key: 'none' },
  }
}

function writeAll(folder: string, files: ReadonlyMap<string, string>): void {
  applyDifferences(folder, compareFolder(folder, files))
}

/** A file of YAML below the folder. */
export function write(folder: string, path: string, value: unknown): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, stringify(value))
}
