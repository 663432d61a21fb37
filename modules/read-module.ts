import type { EndpointName } from './endpoints.ts'
import { endpointNames } from './endpoints.ts'
import { FaultList } from './fault-list.ts'
import { createFill, createRefusingFill, findVariables, withOwnVariables } from './fill.ts'
import { warnOfIdleQueues } from './idle-queues.ts'
import { findLiteralSecrets } from './literal-secrets.ts'
import { faultOfName } from './module-name.ts'
import type {
  DeploySettings,
  Fault,
  FleetMember,
  Module,
  PriceSettings,
  VariableUse,
} from './module.ts'
import { optional } from './optional.ts'
import { reportOtherKeys } from './other-keys.ts'
import type { pricesSchema } from './prices-schema.ts'
import { readDeploy } from './read-deploy.ts'
import { readModels } from './read-models.ts'
import { readPassTargets } from './pass-targets.ts'
import { readSettings } from './read-settings.ts'
import { moduleSchema } from './schema.ts'
import type { ValueOf } from './schema-parts.ts'
import { SchemaReader } from './schema-reader.ts'
import { warnOfUnknownNames } from './unknown-names.ts'
import { isObject } from './json-object.ts'
import { parseYaml } from './yaml-source.ts'
import type { YamlSource } from './yaml-source.ts'

export { faultLine } from './fault-list.ts'
export { renderConfig } from './render-config.ts'

export interface ReadOptions {
  /** For messages: `modules/llm.yaml`. */
  readonly file: string
  /** The module's name; else what the file says, else `gateway`. */
  readonly name?: string
  /** Values for placeholders; absent: they stay as written, and none is missing. */
  readonly environment?: (name: string) => string | undefined
  /** Further `credential_values` by name, which those of the file go before. */
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Whether a literal secret is an error; else a warning. By default it is one where no environment is given. */
  readonly areSecretsRefused?: boolean
}

export interface ReadModule {
  /** Absent: the file as a whole is unusable. */
  readonly module?: Module
  readonly deploy: DeploySettings
  /** The file as plain values, nothing filled: renderConfig takes it in the text's place. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Everything wrong with the file, in its order. */
  readonly faults: Fault[]
  /** Variables the file names outside `deploy`. */
  readonly variables: VariableUse[]
}

/** Reads a module file or any LiteLLM config. Never throws: whatever is wrong is in the faults. */
export function readModule(text: string, options: ReadOptions): ReadModule {
  const source = parseYaml(text)
  const faults = new FaultList(options.file, source)
  const { deploy: rawDeploy, ...document } = source.value ?? {}
  const ownReader = new SchemaReader({
    faults,
    fill: createRefusingFill(faults),
    onOtherKey: () => undefined,
  })
  const deploy = readDeploy(rawDeploy, ownReader, faults)
  const module = source.value ? readDocument(document, { options, faults, ownReader }) : undefined
  reportSecrets(source, faults, options)
  return {
    ...(module && !faults.isFileUnusable ? { module } : {}),
    deploy,
    ...(source.value ? { document: source.value } : {}),
    faults: faults.sorted(),
    variables: findVariables(document),
  }
}

interface Reading {
  readonly options: ReadOptions
  readonly faults: FaultList
  /** Reads our own blocks, where no variables are filled. */
  readonly ownReader: SchemaReader
}

function readDocument(document: Record<string, unknown>, reading: Reading): Module {
  const { options, faults, ownReader } = reading
  const blocks = readOwnBlocks(document, reading)
  const variables = readVariables(document, reading)
  const reader = new SchemaReader({
    faults,
    fill: createFill(faults, withOwnVariables(variables, options.environment)),
    onOtherKey: (block, path, value) => reportOtherKeys({ block, path, value }, faults),
  })
  const further = Object.entries(options.credentials ?? {})
  const own = readCredentials(document['credential_list'], ownReader, faults)
  const credentials = new Map([...further, ...own])
  const { pass_through_endpoints: targets, ...generalSettings } = asObject(
    document['general_settings'],
  )
  const { terms, ...read } = readSettings(
    {
      router: document['router_settings'],
      litellm: document['litellm_settings'],
      general: targets === undefined ? document['general_settings'] : generalSettings,
    },
    reader,
    faults,
  )
  const lenient = new SchemaReader({
    faults,
    fill: createFill(faults, withOwnVariables(variables, options.environment), 'warning'),
    onOtherKey: (block, path, value) => reportOtherKeys({ block, path, value }, faults),
  })
  const passTargets = readPassTargets(targets, lenient, faults)
  const general = { ...read.general, ...optional('passTargets', passTargets) }
  const settings = { ...read, general }
  const { areRatesEnforced } = settings.router
  const models = readModels(document['model_list'], {
    reader,
    faults,
    credentials,
    areRatesEnforced,
  })
  warnOfIdleQueues(document, faults)
  warnOfUnknownNames(document, { models, router: settings.router }, faults)
  for (const [key, value] of Object.entries(document)) {
    if (Object.hasOwn(moduleSchema.properties, key)) continue
    reportOtherKeys({ block: '', path: [key], value }, faults)
  }
  const prices = { ...blocks.prices, ...terms }
  return { ...blocks, prices, models, ...settings, environment: variables }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

interface OwnBlocks {
  readonly name: string
  readonly endpoints: readonly EndpointName[]
  readonly fleet: readonly FleetMember[]
  readonly prices: PriceSettings
}

function readOwnBlocks(document: Record<string, unknown>, reading: Reading): OwnBlocks {
  const { options, faults, ownReader } = reading
  const { module, endpoints, fleet, prices } = moduleSchema.properties
  const written = ownReader.read(module, document['module'], ['module'])
  const name = options.name ?? written ?? 'gateway'
  const nameFault = faultOfName(name)
  if (nameFault !== undefined) faults.error(options.name === undefined ? ['module'] : [], nameFault)
  const offered = ownReader.read(endpoints, document['endpoints'], ['endpoints'])
  if (Array.isArray(document['endpoints']) && document['endpoints'].length === 0) {
    faults.error(['endpoints'], 'expected at least one endpoint, found an empty list')
  }
  return {
    name,
    endpoints: offered ? [...new Set(offered)] : endpointNames,
    fleet: ownReader.read(fleet, document['fleet'], ['fleet']) ?? [],
    prices: toPrices(ownReader.read(prices, document['prices'], ['prices'])),
  }
}

function toPrices(prices: ValueOf<typeof pricesSchema> | undefined): PriceSettings {
  return {
    unpriced: prices?.unpriced ?? 'warn',
    ...optional('pricePerKwh', prices?.price_per_kwh),
  }
}

/** `environment_variables`: literals, and `os.environ/` of the process. */
function readVariables(
  document: Record<string, unknown>,
  { options, faults }: Reading,
): Record<string, string> {
  const reader = new SchemaReader({
    faults,
    // Whoever uses the variable says that it is missing.
    fill: createFill(faults, options.environment, 'warning'),
    onOtherKey: () => undefined,
  })
  const schema = moduleSchema.properties.environment_variables
  return reader.read(schema, document['environment_variables'], ['environment_variables']) ?? {}
}

/** Checks the list; its values stay raw and are filled where an entry uses them. */
function readCredentials(
  raw: unknown,
  reader: SchemaReader,
  faults: FaultList,
): Map<string, Readonly<Record<string, unknown>>> {
  const credentials = new Map<string, Readonly<Record<string, unknown>>>()
  if (raw === undefined || raw === null) return credentials
  if (!Array.isArray(raw)) {
    faults.error(['credential_list'], 'expected a list of credentials, found another value')
    return credentials
  }
  const textSchema = moduleSchema.properties.credential_list.items.properties.credential_name
  raw.forEach((item: unknown, index) => {
    const path = ['credential_list', index]
    const name = isObject(item)
      ? reader.read(textSchema, item['credential_name'], [...path, 'credential_name'])
      : undefined
    const values = isObject(item) ? item['credential_values'] : undefined
    if (name === undefined || !isObject(values)) {
      faults.error(path, 'expected credential_name and credential_values')
    } else {
      credentials.set(name, values)
    }
  })
  return credentials
}

function reportSecrets(source: YamlSource, faults: FaultList, options: ReadOptions): void {
  const areRefused = options.areSecretsRefused ?? options.environment === undefined
  for (const { path, shown, variable } of findLiteralSecrets(source.value)) {
    const message = `expected a variable, found a secret (${shown}) that all who read this file would have: write os.environ/${variable} and set ${variable}`
    if (areRefused) faults.error(path, message, { isWholeFile: true })
    else faults.warning(path, message)
  }
}
