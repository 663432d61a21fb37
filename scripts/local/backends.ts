import { request } from 'undici'
import { resolveProvider } from '../../gateway/providers/index.ts'
import type { ModelListCall, Provider } from '../../gateway/providers/provider.ts'
import type { EndpointName } from '../../modules/endpoints.ts'
import type { DeploymentParams, Module } from '../../modules/module.ts'

/** One server behind the fleet, and what is wanted of it. */
export interface Backend {
  /** Without a trailing slash. */
  readonly base: string
  readonly modelList: ModelListCall
  /** Sent with the question: its key as it wants it. */
  readonly headers: Readonly<Record<string, string>>
  /** Variable to put a key into, where one is needed and none is there. */
  readonly missingKey: string | undefined
  /** Names of modules, of upstream models and of endpoints that lead here. */
  readonly modules: ReadonlySet<string>
  readonly models: ReadonlySet<string>
  readonly endpoints: ReadonlySet<EndpointName>
}

type BackendState =
  | { readonly kind: 'answers' }
  | { readonly kind: 'lacks'; readonly models: readonly string[] }
  | { readonly kind: 'refuses'; readonly status: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'keyless' }

export interface BackendReport {
  readonly backend: Backend
  readonly state: BackendState
}

type FindVariable = (name: string) => string | undefined

/** Every distinct server the modules' deployments lead to. */
export function findBackends(modules: readonly Module[], findVariable: FindVariable): Backend[] {
  const found = new Map<
    string,
    Backend & { models: Set<string>; modules: Set<string>; endpoints: Set<EndpointName> }
  >()
  for (const module of modules) {
    for (const { params } of module.models) {
      const resolved = resolveProvider(params)
      if ('fault' in resolved) continue
      const { provider } = resolved
      const base = baseOf(params, provider)
      // A variable nobody has set is the gateway's to complain about.
      if (base === undefined || !URL.canParse(base)) continue
      const { apiKey, missingKey } = keyOf(params, provider, findVariable)
      // Where a token takes the place of a key there is nothing to ask with.
      if (apiKey === undefined && provider.readCredentials !== undefined) continue
      // What signs its calls tells of its models elsewhere.
      if (provider.signing !== undefined) continue
      const id = `${base} ${provider.modelList.path} ${missingKey ?? ''}`
      const backend = found.get(id) ?? {
        base,
        modelList: provider.modelList,
        headers: headersOf(provider, apiKey),
        missingKey,
        modules: new Set<string>(),
        models: new Set<string>(),
        endpoints: new Set<EndpointName>(),
      }
      found.set(id, backend)
      backend.modules.add(module.name)
      if (!resolved.model.includes('*')) backend.models.add(resolved.model)
      for (const endpoint of module.endpoints) backend.endpoints.add(endpoint)
    }
  }
  return [...found.values()]
}

function baseOf(params: DeploymentParams, provider: Provider): string | undefined {
  const written = params.apiBase ?? provider.baseOf?.(params) ?? provider.defaultBase
  const base = written?.replace(/\/+$/, '')
  return provider.baseEnding ? base?.replace(provider.baseEnding, '') : base
}

function headersOf(provider: Provider, apiKey: string | undefined): Record<string, string> {
  const own = { ...provider.headers }
  if (apiKey === undefined) return own
  const [name, value] = provider.keyHeader?.(apiKey) ?? ['authorization', `Bearer ${apiKey}`]
  return { ...own, [name]: value }
}

function keyOf(params: DeploymentParams, provider: Provider, findVariable: FindVariable) {
  const apiKey = params.apiKey ?? provider.keyVariables.map(findVariable).find(Boolean)
  const isMissing = apiKey === undefined && provider.isKeyNeeded && params.apiBase === undefined
  return { apiKey, missingKey: isMissing ? provider.keyVariables[0] : undefined }
}

/** Asks all of them at once, each one free question; who says nothing in time is silent. */
export function askBackends(
  backends: readonly Backend[],
  timeoutMs: number,
): Promise<BackendReport[]> {
  return Promise.all(
    backends.map(async (backend) => ({ backend, state: await askBackend(backend, timeoutMs) })),
  )
}

async function askBackend(backend: Backend, timeoutMs: number): Promise<BackendState> {
  if (backend.missingKey !== undefined) return { kind: 'keyless' }
  try {
    const answer = await request(`${backend.base}${backend.modelList.path}`, {
      headers: backend.headers,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await answer.body.text()
    if (answer.statusCode === 401 || answer.statusCode === 403)
      return { kind: 'refuses', status: answer.statusCode }
    // A server without such a list answers nonetheless.
    if (answer.statusCode !== 200) return { kind: 'answers' }
    const models = missingModels(backend, namesIn(backend.modelList, text))
    return models.length === 0 ? { kind: 'answers' } : { kind: 'lacks', models }
  } catch {
    return { kind: 'silent' }
  }
}

function namesIn(modelList: ModelListCall, text: string): readonly string[] {
  try {
    return modelList.namesIn(JSON.parse(text))
  } catch {
    return []
  }
}

function missingModels(backend: Backend, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const present = new Set(names.flatMap((name) => [name, name.replace(/:latest$/, '')]))
  return [...backend.models].filter(
    (model) =>
      model !== 'default' && !present.has(model) && !present.has(model.replace(/:latest$/, '')),
  )
}
