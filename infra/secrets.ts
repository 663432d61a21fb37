import type { Platform } from '../modules/platform.ts'
import { databasePasswordName, databaseUrlName, masterKeyName } from './env-file.ts'
import type { FleetModule } from './fleet.ts'
import { gatewayComponent } from './gateway/gateway.ts'
import { renderKustomization } from './kustomization.ts'
import { metadataOf } from './labels.ts'
import type { Owner } from './labels.ts'
import { toManifestText } from './manifest-text.ts'
import { openVariable, takenVariables } from './module-variables.ts'
import { keysName } from './names.ts'
import { clusterRoleSecret, databaseHost } from './components/cnpg-names.ts'
import { databaseName, databaseOwner, databasePort, rolesName } from './postgres/database.ts'

type Values = Readonly<Record<string, string>>

interface SecretFleet {
  readonly modules: readonly Pick<FleetModule, 'name' | 'variables' | 'deploy'>[]
  readonly platform: Platform
}

/** Every file of `secrets/`, which git ignores: its name, and its text. No Secret where others make them. */
export function renderSecrets(fleet: SecretFleet, values: Values): Map<string, string> {
  const { modules, platform } = fleet
  const files = new Map<string, string>()
  if (platform.secrets.mode !== 'generated')
    return files.set('kustomization.yaml', renderKustomization([], source))
  for (const module of modules) {
    if (module.deploy.secret !== undefined) continue
    const owner: Owner = {
      module: module.name,
      component: gatewayComponent,
      namespace: platform.namespace,
    }
    const name = keysName(module.name)
    files.set(`${name}.yaml`, secretText(owner, name, keysOf(module, platform, values)))
  }
  if (platform.postgres.mode === 'bundled') {
    const owner = databaseOwner(platform)
    const password = { POSTGRES_PASSWORD: values['POSTGRES_PASSWORD'] }
    files.set(`${databaseName}.yaml`, secretText(owner, databaseName, password))
    files.set(`${rolesName}.yaml`, secretText(owner, rolesName, rolesOf(modules, values)))
  }
  if (platform.postgres.mode === 'cnpg')
    for (const { name } of modules) {
      const secret = clusterRoleSecret(name)
      files.set(`${secret}.yaml`, roleText(name, platform, values))
    }
  files.set('kustomization.yaml', renderKustomization(files.keys(), source))
  return files
}

const source = '.env'

function secretText(
  owner: Owner,
  name: string,
  entries: Readonly<Record<string, string | undefined>>,
): string {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: metadataOf(owner, name),
    // Not stringData: a key that goes would stay in the cluster.
    data: encoded(entries),
  }
  return toManifestText(secret, source)
}

function keysOf(
  module: SecretFleet['modules'][number],
  platform: Platform,
  values: Values,
): Record<string, string | undefined> {
  const taken = takenVariables(module).map((name) => [name, values[name]] as const)
  return {
    ...Object.fromEntries(taken),
    [openVariable]: values[openVariable],
    LITELLM_MASTER_KEY: values[masterKeyName(module.name)],
    SALT_KEY: values['SALT_KEY'],
    DATABASE_URL: databaseUrlOf(module.name, platform, values),
  }
}

function databaseUrlOf(module: string, platform: Platform, values: Values): string | undefined {
  if (platform.postgres.secret !== undefined) return undefined
  if (platform.postgres.mode === 'external')
    return values[databaseUrlName(module)] || values['DATABASE_URL']
  const password = values[databasePasswordName(module)]
  if (!password) return undefined
  const host = databaseHost(platform.postgres)
  const address = `${host}:${databasePort.number}/colonnade`
  return `postgres://${module}:${encodeURIComponent(password)}@${address}`
}

/** The password of a role as CloudNativePG reads it, again whenever it changes. */
function roleText(module: string, platform: Platform, values: Values): string {
  const name = clusterRoleSecret(module)
  const { labels, ...metadata } = metadataOf(databaseOwner(platform), name)
  const data = { username: module, password: values[databasePasswordName(module)] ?? '' }
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/basic-auth',
    metadata: { ...metadata, labels: { ...labels, 'cnpg.io/reload': 'true' } },
    data: encoded(data),
  }
  return toManifestText(secret, source)
}

function encoded(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const filled = Object.entries(entries).flatMap(([key, value]) =>
    value ? [[key, Buffer.from(value).toString('base64')] as const] : [],
  )
  return Object.fromEntries(filled)
}

function rolesOf(
  modules: SecretFleet['modules'],
  values: Values,
): Record<string, string | undefined> {
  return Object.fromEntries(modules.map(({ name }) => [name, values[databasePasswordName(name)]]))
}
