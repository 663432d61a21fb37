import { createHash } from 'node:crypto'

import type { DeploymentParams, ModelEntry, Module } from '../../modules/module.ts'
import type { Provider } from '../providers/provider.ts'
import { resolveProvider } from '../providers/index.ts'
import type { Pricing } from '../accounting/pricing.ts'
import type { PricingAsk } from '../accounting/create-pricing.ts'
import type { Gate } from '../limits/gate.ts'
import type { Deployment, Timeouts } from './deployment.ts'
import { Health } from './health.ts'
import { findSigningKeys } from './signing-keys.ts'
import { findWorkflow } from './find-workflow.ts'
import { addVendorParams, firstOf } from './vendor-params.ts'

/** One model entry that cannot be called, and why; the others are not touched by it. */
export interface DeploymentFault {
  /** Where it stands in the file: `model_list[3]`. */
  readonly path: string
  readonly modelName: string
  readonly message: string
}

export interface DeploymentSet {
  readonly deployments: readonly Deployment[]
  readonly faults: readonly DeploymentFault[]
}

export interface Surroundings {
  /** Vendor keys by LiteLLM's variable names. */
  readonly findVariable: (name: string) => string | undefined
  /** The text of a file that a document names, a service account's for instance. */
  readonly readFile?: (path: string) => string | undefined
  /** The health a deployment of this id had before a reload. */
  readonly findHealth?: (id: string) => Health | undefined
  /** The quotas and places of a deployment; undefined where nothing bounds it. */
  readonly gateOf?: (id: string, entry: ModelEntry) => Gate | undefined
  /** What the models of a deployment cost. */
  readonly pricingOf?: (ask: PricingAsk) => Pricing
}

/** Resolves every model entry of a module. A faulty one is left out and named. */
export function createDeployments(module: Module, around: Surroundings): DeploymentSet {
  const deployments: Deployment[] = []
  const faults: DeploymentFault[] = []
  const taken = new Set<string>()
  for (const entry of module.models) {
    const made = createDeployment(entry, module, around, taken)
    if ('message' in made) faults.push(made)
    else deployments.push(made)
  }
  return { deployments, faults }
}

function createDeployment(
  entry: ModelEntry,
  module: Module,
  around: Surroundings,
  taken: Set<string>,
): Deployment | DeploymentFault {
  const fault = (message: string): DeploymentFault => ({
    path: entry.path,
    modelName: entry.modelName,
    message,
  })
  const resolved = resolveProvider(entry.params)
  if ('fault' in resolved) return fault(resolved.fault)
  const { provider, model } = resolved
  const workflow = findWorkflow(entry.params, provider, around)
  if ('fault' in workflow) return fault(workflow.fault)
  const completed = addVendorParams({ ...entry.params, ...workflow }, provider, around)
  if ('fault' in completed) return fault(completed.fault)
  const { credentials } = completed
  const signingKeys = findSigningKeys(completed.params, provider, around)
  if (signingKeys && 'fault' in signingKeys) return fault(signingKeys.fault)
  const isKeyShown = !credentials && !signingKeys
  const base = baseOf(completed.params, provider, around)
  if (base === undefined) {
    return fault(
      `api_base: ${provider.name} has no address of its own; expected one such as http://host:8000/v1`,
    )
  }
  const url = parseBase(base)
  if (typeof url === 'string') return fault(`api_base: ${url}`)
  const isVendor = isOwnAddress(url, provider, completed.params)
  // Whoever sets address and key in one environment means the one for the other.
  const isTrusted = isVendor || entry.params.apiBase === undefined
  const apiKey =
    entry.params.apiKey ??
    (isTrusted && isKeyShown ? firstOf(provider.keyVariables, around.findVariable) : undefined)
  if (apiKey === undefined && isKeyShown && provider.isKeyNeeded && isVendor) {
    return fault(noKey(provider))
  }
  const badHeader = findBadHeader(apiKey, entry.params.extraHeaders)
  if (badHeader !== undefined) return fault(badHeader)
  const { hostname } = url
  const { prices: settings } = module
  const pricing = around.pricingOf?.({
    params: entry.params,
    provider: provider.name,
    model,
    hostname,
    settings,
  })
  if (pricing?.fault !== undefined) return fault(pricing.fault)
  const id = uniqueId(entry, taken)
  const apiVersion =
    entry.params.apiVersion ?? firstOf(provider.versionVariables ?? [], around.findVariable)
  const params = {
    ...completed.params,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    dropParams: entry.params.dropParams ?? module.litellm.dropParams,
    modifyParams: entry.params.modifyParams ?? module.litellm.modifyParams,
  }
  const gate = around.gateOf?.(id, entry)
  const health = around.findHealth?.(id) ?? new Health()
  health.keepSamples({ most: module.router.latencySamples, lifeMs: module.router.latencyTtlMs })
  return {
    id,
    modelName: entry.modelName,
    provider,
    target: {
      model: (isVendor && provider.modelName?.(model)) || model,
      params,
      info: entry.info,
      isVendor,
    },
    origin: url.origin,
    basePath: basePathOf(url, provider, isVendor),
    headers: headersOf(entry, provider, apiKey),
    ...(credentials && { credentials }),
    ...(signingKeys && provider.signing && { sign: provider.signing.create(signingKeys, params) }),
    secrets: [
      url.host,
      ...(apiKey === undefined ? [] : [apiKey]),
      ...(credentials?.secrets ?? []),
      ...Object.values(signingKeys ?? {}),
    ],
    params,
    info: entry.info,
    timeouts: timeoutsOf(entry, module),
    health,
    ...(gate === undefined ? {} : { gate }),
    ...(pricing === undefined ? {} : { pricing }),
  }
}

function noKey({ keyVariables, signing }: Provider): string {
  const none = `api_key: none given, and ${keyVariables.join(' or ')} is not set`
  if (!signing) return none
  const { accessKeyId, secretAccessKey } = signing.variables
  return `${none}, nor are ${accessKeyId.join(' or ')} and ${secretAccessKey.join(' or ')}. ${signing.advice}`
}

function baseOf(
  params: DeploymentParams,
  provider: Provider,
  { findVariable }: Surroundings,
): string | undefined {
  return (
    params.apiBase ??
    firstOf(provider.baseVariables ?? [], findVariable) ??
    provider.baseOf?.(params) ??
    provider.defaultBase
  )
}

// A vendor's key from the environment goes to the vendor alone, never to a server that only speaks its dialect.
function isOwnAddress(url: URL, provider: Provider, params: DeploymentParams): boolean {
  const { defaultBase } = provider
  if (defaultBase === undefined) return true
  return [defaultBase, provider.baseOf?.(params) ?? defaultBase].some(
    (base) => URL.canParse(base) && new URL(base).host === url.host,
  )
}

// People write a vendor's address with and without its path: https://api.mistral.ai, https://api.mistral.ai/v1.
function basePathOf(url: URL, provider: Provider, isVendor: boolean): string {
  const { defaultBase } = provider
  const isBare = url.pathname === '/' && defaultBase !== undefined && isVendor
  const { pathname } = isBare ? new URL(defaultBase) : url
  const path = pathname.replace(/\/+$/, '')
  return provider.baseEnding ? path.replace(provider.baseEnding, '') : path
}

function parseBase(base: string): URL | string {
  const url = URL.canParse(base) ? new URL(base) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return 'expected an address such as http://host:11434 or https://host/v1'
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return 'expected no user, password, query or fragment in the address; a key belongs into api_key'
  }
  return url
}

function headersOf(entry: ModelEntry, provider: Provider, apiKey: string | undefined): string[] {
  const headers: string[] = []
  if (apiKey !== undefined)
    headers.push(...(provider.keyHeader?.(apiKey) ?? ['authorization', `Bearer ${apiKey}`]))
  if (entry.params.organization !== undefined)
    headers.push('openai-organization', entry.params.organization)
  const extra = Object.entries(entry.params.extraHeaders).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  )
  for (const [name, value] of Object.entries(provider.headers ?? {}))
    if (!extra.some(([own]) => own === name)) headers.push(name, value)
  for (const [name, value] of extra) headers.push(name, value)
  return headers
}

// Framing belongs to the connection; a value with a line break would smuggle a second request.
const framing = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'upgrade',
  'expect',
  'te',
])

function findBadHeader(
  apiKey: string | undefined,
  extra: Readonly<Record<string, string>>,
): string | undefined {
  const isSound = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
  if (apiKey !== undefined && !isSound(apiKey)) {
    return 'api_key: holds characters that no header may carry, a line break for instance'
  }
  for (const [name, value] of Object.entries(extra)) {
    if (
      !/^[!#$%&'*+.^_`|~\w-]+$/.test(name) ||
      framing.has(name.toLowerCase()) ||
      !isSound(value)
    ) {
      return `extra_headers.${name}: expected a plain header that does not frame the message`
    }
  }
  return undefined
}

// As LiteLLM has it: a deployment's own goes before the module's, `stream_timeout` before `timeout`.
function timeoutsOf({ params }: ModelEntry, { router, litellm }: Module): Timeouts {
  const timeoutMs = params.timeoutMs ?? litellm.requestTimeoutMs ?? router.timeoutMs
  const wholeMs = params.totalTimeoutMs ?? router.totalTimeoutMs
  return {
    connectMs: params.connectTimeoutMs ?? router.connectTimeoutMs,
    totalMs: wholeMs === undefined ? timeoutMs : Math.min(timeoutMs, wholeMs),
    firstByteMs: params.streamTimeoutMs ?? router.streamTimeoutMs ?? timeoutMs,
    idleMs: params.chunkTimeoutMs ?? router.chunkTimeoutMs ?? timeoutMs,
    streamMs: wholeMs ?? 0,
  }
}

/** `model_info.id`, else a digest of everything but key, limits and prices: who changes these keeps history and counts. */
function uniqueId(entry: ModelEntry, taken: Set<string>): string {
  const own = entry.info['id']
  const { apiKey: _, credentials: _10, signingKeys: _11, ...keyless } = entry.params
  const { quotas: _1, rpm: _2, tpm: _3, ...unlimited } = keyless
  const { maxParallelRequests: _4, queue: _5, ...unbounded } = unlimited
  const { prices: _6, watts: _7, pricePerKwh: _8, unpriced: _9, ...rest } = unbounded
  const digest = createHash('sha256')
    .update(JSON.stringify([entry.modelName, rest]))
    .digest('hex')
  const wanted = typeof own === 'string' && own !== '' ? own : digest
  let id = wanted
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`
  taken.add(id)
  return id
}
