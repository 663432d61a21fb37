import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { ensureEnvFile, masterKeyName } from '../../infra/env-file.ts'
import { readFleet } from '../../infra/fleet.ts'
import type { Fleet } from '../../infra/fleet.ts'
import { renderSecrets } from '../../infra/secrets.ts'
import { synthesise } from '../../infra/synthesise.ts'
import { applyDifferences, compareFolder } from '../../infra/write-folder.ts'
import { madeBy } from './label.ts'
import { upstreamName, upstreamPort, upstreamResources } from './upstream.ts'

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
    postgres: { image: postgres.image },
    prometheus: { image: prometheus.image, node_port: prometheus.nodePort },
  })
  for (const { name, nodePort, module, deploy } of fleet.modules) {
    const { replicas } = deploy
    write(folder, `modules/${name}.yaml`, {
      endpoints: module.endpoints,
      deploy: { node_port: nodePort, replicas: replicas ?? 1 },
      model_list: [modelTo(upstreamUrl)],
    })
  }
  const written = readFleet(folder)
  const { values: keys } = ensureEnvFile(folder, written)
  writeAll(join(folder, 'k8s'), synthesise({ ...written, image: wish.image }))
  writeAll(join(folder, 'secrets'), renderSecrets(written, keys))
  for (const [index, resource] of upstreamResources(wish.namespace, wish.image).entries())
    write(folder, `made/upstream-${index}.yaml`, resource)
  write(folder, 'made/kustomization.yaml', {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../k8s', '../secrets', 'upstream-0.yaml', 'upstream-1.yaml', 'upstream-2.yaml'],
    labels: [{ pairs: madeBy, includeTemplates: false, includeSelectors: false }],
  })
  return {
    folder,
    namespace: wish.namespace,
    image: wish.image,
    prometheusPort: prometheus.nodePort,
    kustomization: join(folder, 'made'),
    modules: fleet.modules.map(({ name, nodePort, module, deploy: { replicas } }) => ({
      name,
      nodePort,
      endpoints: module.endpoints,
      replicas: replicas ?? 1,
      key: keys[masterKeyName(name)] ?? '',
    })),
  }
}

const upstreamUrl = `http://${upstreamName}:${upstreamPort}/v1`

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

function write(folder: string, path: string, value: unknown): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, stringify(value))
}
