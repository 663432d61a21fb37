import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

import type { FastifyBaseLogger } from 'fastify'

import type { Fault, ModelEntry, Module, RouterSettings } from '../modules/module.ts'
import { readModule } from '../modules/read-module.ts'
import { createKeyring, splitKeys, type KeyBook, type VirtualKeys } from './auth/keyring.ts'
import { createSealer, type Sealer } from './auth/seal.ts'
import { createDigest } from './auth/virtual-key.ts'
import { weaknessOf } from './auth/weak-key.ts'
import type { PricingAsk } from './accounting/create-pricing.ts'
import type { Pricing } from './accounting/pricing.ts'
import type { GateAsk } from './limits/create-gates.ts'
import type { Gate } from './limits/gate.ts'
import type { Serving } from './pipeline/serving.ts'
import { createDeployments } from './routing/create-deployments.ts'
import type { Health } from './routing/health.ts'
import { respectsRates } from './routing/obstacles.ts'
import { createRouter } from './routing/router.ts'
import {
  areSecretsMounted,
  createFindVariable,
  readSecretFiles,
  type FindVariable,
  type Settings,
} from './settings.ts'
import {
  addStored,
  nothingStored,
  type StoredDocument,
  type StoredEntry,
} from './stored-document.ts'
import { watchFolders } from './watch-folders.ts'

/** Why the newest document is not the one that serves. */
export interface Refusal {
  readonly message: string
  readonly faults: readonly Fault[]
  readonly atMs: number
}

/** The quotas and places of a deployment; undefined: nothing of it is limited. */
export type FindGate = (ask: GateAsk) => Gate | undefined

/** What the models of a deployment cost. */
export type FindPricing = (ask: PricingAsk) => Pricing

interface ConfigurationParts {
  readonly settings: Settings
  readonly environment: NodeJS.ProcessEnv
  readonly log: FastifyBaseLogger
  readonly findGate: FindGate
  readonly findPricing: FindPricing
  readonly keyBook: KeyBook
}

const permission = 'LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY'

/** The module's configuration, live: read whole, checked, then swapped; a bad one leaves the last good one serving. */
export class Configuration {
  readonly #settings: Settings
  readonly #environment: NodeJS.ProcessEnv
  readonly #log: FastifyBaseLogger
  readonly #findGate: FindGate
  readonly #findPricing: FindPricing
  readonly #keyBook: KeyBook
  readonly #listeners: ((serving: Serving) => void)[] = []
  #databaseUrl: string | undefined
  #saltKeys: readonly string[] = []
  #sealer: Sealer | undefined
  #stored = nothingStored
  /** What serves, as it is written. */
  #document: Readonly<Record<string, unknown>> = {}
  #stopWatching: (() => void) | undefined
  #serving: Serving | undefined
  #refusal: Refusal | undefined
  // Digests of what was read and of what was made of it: a poll that finds nothing new costs no parsing.
  #lastRead = ''
  #seen = ''

  constructor(parts: ConfigurationParts) {
    const { settings, environment, log, findGate, findPricing, keyBook } = parts
    this.#settings = settings
    this.#environment = environment
    this.#log = log
    this.#findGate = findGate
    this.#findPricing = findPricing
    this.#keyBook = keyBook
    const findVariable = createFindVariable(environment, readSecretFiles(settings.secretsDir))
    this.#findPlace(findVariable)
  }

  /** What serves now; undefined before the first sound document and key. */
  get serving(): Serving | undefined {
    return this.#serving
  }

  get refusal(): Refusal | undefined {
    return this.#refusal
  }

  /** Calls with every generation that comes to serve. */
  onServing(listener: (serving: Serving) => void): void {
    this.#listeners.push(listener)
  }

  /** Where Postgres is, as of the last look at secrets and document; undefined: nowhere. */
  get databaseUrl(): string | undefined {
    return this.#databaseUrl ?? this.#serving?.module.general.databaseUrl
  }

  /** The salt key, and behind it the former ones; empty: none is set. */
  get saltKeys(): readonly string[] {
    return this.#saltKeys
  }

  /** What seals under the salt key; undefined: none is set. */
  get sealer(): Sealer | undefined {
    return this.#sealer
  }

  /** Serves what stands in the database too, where the document asks for it. */
  useStored(stored: StoredDocument): void {
    this.#stored = stored
    this.#lastRead = ''
    this.load()
  }

  /** What would be wrong with a model that is to be stored; undefined: a gateway could serve it. */
  faultOf(entry: StoredEntry): string | undefined {
    const serving = this.#serving
    if (!serving) return 'nothing is served yet'
    const secrets = readSecretFiles(this.#settings.secretsDir)
    const environment = createFindVariable(this.#environment, secrets)
    const { module, faults } = addStored(
      { ...serving.module, models: [] },
      { ...this.#stored, models: [{ ...entry, modules: [] }], faults: [] },
      { document: this.#document, environment },
    )
    const made = createDeployments(module, {
      findVariable: (name) => module.environment?.[name] ?? environment(name),
      readFile: tryRead,
    })
    const [fault] = [...faults, ...made.faults]
    return fault?.message
  }

  /** Reads document and secrets; swaps them in when both are sound and something changed. */
  load(): void {
    try {
      const text = readFileSync(this.#settings.configFile, 'utf8')
      const secrets = readSecretFiles(this.#settings.secretsDir)
      const read = digestOf(text, secrets)
      if (read === this.#lastRead) return
      this.#lastRead = read
      const findVariable = createFindVariable(this.#environment, secrets)
      this.#findPlace(findVariable)
      this.#take(text, findVariable)
    } catch (cause) {
      const reason =
        cause instanceof Error && 'code' in cause
          ? `cannot be read (${String(cause.code)})`
          : String(cause)
      this.#lastRead = ''
      this.#refuse(`${this.#settings.configFile} ${reason}`, [], reason)
    }
  }

  /** Follows file and secrets. */
  watch(): void {
    const { configFile, secretsDir } = this.#settings
    this.#stopWatching ??= watchFolders([dirname(configFile), secretsDir], () => this.load())
  }

  close(): void {
    this.#stopWatching?.()
  }

  #findPlace(findVariable: FindVariable): void {
    this.#databaseUrl = findVariable('DATABASE_URL')
    const keys = splitKeys(findVariable('LITELLM_SALT_KEY') ?? findVariable('SALT_KEY'))
    if (keys.join(',') === this.#saltKeys.join(',')) return
    const [current, ...former] = keys
    this.#saltKeys = keys
    this.#sealer = current === undefined ? undefined : createSealer([current, ...former])
  }

  #take(text: string, findVariable: FindVariable): void {
    const { configFile, moduleName } = this.#settings
    const used = new Map<string, string | undefined>()
    const noting: FindVariable = (name) => {
      const value = findVariable(name)
      used.set(name, value)
      return value
    }
    const readNoting = (path: string): string | undefined => {
      const content = tryRead(path)
      used.set(`file ${path}`, content)
      return content
    }
    const file = basename(configFile)
    const read = readModule(text, {
      file,
      environment: noting,
      credentials: this.#stored.credentials,
      ...(moduleName ? { name: moduleName } : {}),
    })
    const whole = read.module && this.#withStored(read.module, read.document ?? {}, noting, used)
    const made = whole
      ? createDeployments(whole.module, {
          findVariable: (name) => whole.module.environment?.[name] ?? noting(name),
          readFile: readNoting,
          findHealth: (id) => this.#healthOf(id),
          gateOf: this.#createGateOf(whole.module.router),
          pricingOf: this.#findPricing,
        })
      : undefined
    const isWeakPermitted = noting(permission)?.toLowerCase() === 'true'
    const masterKey = noting('LITELLM_MASTER_KEY') ?? whole?.module.general.masterKey
    const saltKeys = splitKeys(noting('LITELLM_SALT_KEY') ?? noting('SALT_KEY'))
    const digest = digestOf(text, used.set('LITELLM_MASTER_KEY', masterKey))
    if (digest === this.#seen) return
    this.#seen = digest
    const errors = read.faults.filter(({ severity }) => severity === 'error')
    if (!whole || !made) return this.#refuse(`${file} has faults`, errors, digest)
    const keys = splitKeys(masterKey)
    const weakness = isWeakPermitted ? undefined : findWeakness(keys)
    if (weakness) return this.#refuse(weakness, [], digest)
    const leftOut = [
      ...errors.map(({ path, message }) => ({ path, modelName: nameAt(path), message })),
      ...whole.faults,
      ...made.faults,
    ]
    this.#document = read.document ?? {}
    this.#serve({
      generation: (this.#serving?.generation ?? 0) + 1,
      digest,
      module: whole.module,
      router: createRouter(whole.module, made.deployments),
      keyring: createKeyring(keys, {
        headerName: whole.module.general.keyHeaderName,
        virtual: this.#virtualKeysUnder(saltKeys),
      }),
      leftOut,
      warnings: read.faults.filter(({ severity }) => severity === 'warning'),
      loadedAtMs: Date.now(),
    })
  }

  #withStored(
    module: Module,
    document: Readonly<Record<string, unknown>>,
    environment: FindVariable,
    used: Map<string, string | undefined>,
  ): ReturnType<typeof addStored> {
    if (!module.general.areModelsStored) return { module, faults: [] }
    used.set('stored models', JSON.stringify(this.#stored))
    return addStored(module, this.#stored, { document, environment })
  }

  #serve(serving: Serving): void {
    this.#serving = serving
    this.#refusal = undefined
    for (const { health } of serving.router.deployments) health.forgetConfigurationFault()
    const { generation, leftOut, warnings } = serving
    this.#log.info(
      { generation, models: serving.router.listed.length },
      `configuration ${generation} serves`,
    )
    for (const { path, modelName, message } of leftOut) {
      this.#log.error({ path, model: modelName }, `left out ${path} ${modelName}: ${message}`)
    }
    for (const { file, line, column, path, message } of warnings) {
      this.#log.warn(`${file}:${line}:${column} ${path}: ${message}`)
    }
    this.#tellUnpriced(serving)
    for (const listener of this.#listeners) listener(serving)
  }

  #tellUnpriced({ router: { deployments } }: Serving): void {
    for (const { modelName, params, pricing } of deployments) {
      if (pricing?.unpriced !== 'warn' || !pricing.isUnpriced) continue
      this.#log.warn(
        { model: modelName },
        `nobody knows the price of ${params.model}: ${modelName} is served without a cost; give it a price or a base_model, or set unpriced: free`,
      )
    }
  }

  #refuse(message: string, faults: readonly Fault[], digest: string): void {
    this.#seen = digest
    if (
      this.#refusal?.message === message &&
      faults.length === this.#refusal.faults.length &&
      faults.length === 0
    )
      return
    this.#refusal = { message, faults, atMs: Date.now() }
    const after = this.#serving
      ? `generation ${this.#serving.generation} goes on serving`
      : 'nothing serves yet'
    this.#log.error(`configuration refused: ${message}; ${after}`)
    for (const { file, line, column, path, message: fault } of faults) {
      this.#log.error(`${file}:${line}:${column} ${path}: ${fault}`)
    }
  }

  // Keys that were made under a former salt key go on being found.
  #virtualKeysUnder(saltKeys: readonly string[]): VirtualKeys | undefined {
    const [current, ...formerly] = saltKeys.map(createDigest)
    return current && { digestOf: current, formerly, book: this.#keyBook }
  }

  #createGateOf(router: RouterSettings) {
    const { strategy, areRatesEnforced } = router
    const areRatesLimits = areRatesEnforced || (strategy !== undefined && respectsRates(strategy))
    const isUseCounted = strategy?.startsWith('usage-based-routing') ?? false
    return (id: string, { params }: ModelEntry) =>
      this.#findGate({ id, params, router, areRatesLimits, isUseCounted })
  }

  #healthOf(id: string): Health | undefined {
    return this.#serving?.router.deployments.find((deployment) => deployment.id === id)?.health
  }
}

/** Why these master keys must not guard anything, naming the variable and what to do; undefined for sound ones. */
function findWeakness(keys: readonly string[]): string | undefined {
  if (keys.length === 0) {
    return `LITELLM_MASTER_KEY is not set: set it to a long random key (or ${permission}=true to run open on a trusted network)`
  }
  for (const key of keys) {
    const weakness = weaknessOf(key)
    if (weakness)
      return `LITELLM_MASTER_KEY is ${weakness}: set it to a long random key, such as \`openssl rand -hex 32\` makes`
  }
  return undefined
}

/** Where secrets are mounted what is missing may still come; elsewhere nobody will bring it. */
export function mayStillCome(settings: Settings): boolean {
  return areSecretsMounted(settings.secretsDir)
}

function digestOf(text: string, used: ReadonlyMap<string, string | undefined>): string {
  const hash = createHash('sha256').update(text)
  for (const [name, value] of used) hash.update(`\0${name}=${value ?? ''}`)
  return hash.digest('hex').slice(0, 16)
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function nameAt(path: string): string {
  return /^model_list\[\d+\]/.exec(path)?.[0] ?? path
}
