import type { Module } from '../modules/module.ts'
import { readModule } from '../modules/read-module.ts'
import type { DeploymentFault } from './routing/create-deployments.ts'

/** Models and credentials that stand in the database, opened. */
export interface StoredDocument {
  readonly models: readonly StoredEntry[]
  /** `credential_values` by name. */
  readonly credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Those that cannot be read, and why. */
  readonly faults: readonly DeploymentFault[]
}

export interface StoredEntry {
  readonly id: string
  /** Which modules serve it; empty: all. */
  readonly modules: readonly string[]
  readonly modelName: string
  readonly params: Readonly<Record<string, unknown>>
  readonly info: Readonly<Record<string, unknown>>
}

export const nothingStored: StoredDocument = { models: [], credentials: {}, faults: [] }

const shared = [
  'endpoints',
  'prices',
  'router_settings',
  'litellm_settings',
  'credential_list',
  'environment_variables',
] as const

interface Reading {
  /** The module's own document, as it is written. */
  readonly document: Readonly<Record<string, unknown>>
  readonly environment: (name: string) => string | undefined
}

/** The module with the stored models behind its own; those that cannot be used are left out, and named. */
export function addStored(
  module: Module,
  stored: StoredDocument,
  { document, environment }: Reading,
): { readonly module: Module; readonly faults: readonly DeploymentFault[] } {
  const ours = stored.models.filter(
    ({ modules }) => modules.length === 0 || modules.includes(module.name),
  )
  if (ours.length === 0) return { module, faults: stored.faults }
  const blocks = shared.flatMap((name) => (name in document ? [[name, document[name]]] : []))
  const text = JSON.stringify({ ...Object.fromEntries(blocks), model_list: ours.map(entryOf) })
  const { module: read, faults } = readModule(text, {
    file: 'database',
    name: module.name,
    environment,
    areSecretsRefused: false,
    credentials: stored.credentials,
  })
  const models = (read?.models ?? []).map((entry) => {
    const one = ours[indexIn(entry.path)]
    return { ...entry, path: pathOf(one?.id ?? entry.path) }
  })
  const leftOut = faults
    .filter(({ severity, modelIndex }) => severity === 'error' && modelIndex !== undefined)
    .map(({ modelIndex = 0, path, message }) => ({
      path: pathOf(ours[modelIndex]?.id ?? ''),
      modelName: ours[modelIndex]?.modelName ?? '',
      message: `${path.replace(/^model_list\[\d+\]\.?/, '')}: ${message}`,
    }))
  return {
    module: { ...module, models: [...module.models, ...models] },
    faults: [...stored.faults, ...leftOut],
  }
}

function entryOf({ id, modelName, params, info }: StoredEntry): Record<string, unknown> {
  return {
    model_name: modelName,
    litellm_params: params,
    model_info: { ...info, id, db_model: true },
  }
}

function indexIn(path: string): number {
  return Number(/^model_list\[(\d+)\]/.exec(path)?.[1] ?? -1)
}

function pathOf(id: string): string {
  return `stored model ${id}`
}
