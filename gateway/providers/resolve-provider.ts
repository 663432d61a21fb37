import type { DeploymentParams } from '../../modules/module.ts'
import { nearestNames } from '../../modules/nearest-name.ts'
import { inferProvider } from './infer-provider.ts'
import type { Provider } from './provider.ts'

type Providers = Readonly<Record<string, Provider>>

/** A deployment's dialect and its upstream model name, or what is wrong with how it is written. */
export type Resolved =
  | { readonly provider: Provider; readonly model: string }
  | { readonly fault: string }

/** By `custom_llm_provider`, by the prefix, by a known host, or by a name that one vendor's models have. */
export function resolveAmong(
  providers: Providers,
  params: Pick<DeploymentParams, 'model' | 'customProvider' | 'apiBase'>,
): Resolved {
  const written = params.model.trim()
  if (written === '')
    return { fault: 'expected a model such as ollama_chat/qwen3:8b, found nothing' }
  if (params.customProvider !== undefined)
    return byCustomProvider(providers, params.customProvider, written)
  const slash = written.indexOf('/')
  const prefix = slash < 0 ? '' : written.slice(0, slash)
  const provider = find(providers, prefix)
  if (provider !== undefined) return withModel(provider, written.slice(slash + 1))
  const host = byHost(providers, params.apiBase)
  if (host !== undefined) return { provider: host, model: written }
  if (slash >= 0)
    return { fault: unknownProvider(providers, 'provider', prefix, `openai/${written}`) }
  // A bare star takes whatever name is asked for, as OpenAI's or as that of the server at api_base.
  const inferred = find(providers, written === '*' ? 'openai' : (inferProvider(written) ?? ''))
  if (inferred !== undefined) return { provider: inferred, model: written }
  return {
    fault: `expected a provider before '${written}', such as ollama_chat/${written}, or openai/${written} with an api_base`,
  }
}

function byCustomProvider(providers: Providers, name: string, written: string): Resolved {
  const provider = find(providers, name)
  if (provider === undefined)
    return { fault: unknownProvider(providers, 'custom_llm_provider', name, 'openai') }
  return withModel(
    provider,
    written.startsWith(`${name}/`) ? written.slice(name.length + 1) : written,
  )
}

function withModel(provider: Provider, model: string): Resolved {
  return model === ''
    ? { fault: `expected a model name after ${provider.name}/, found nothing` }
    : { provider, model: provider.bareName?.(model) ?? model }
}

function find(providers: Providers, name: string): Provider | undefined {
  return Object.hasOwn(providers, name) ? providers[name] : undefined
}

/** A service's own host tells its dialect even where the model is written as the service writes it. */
function byHost(providers: Providers, base: string | undefined): Provider | undefined {
  const host = publicHost(base)
  if (host === undefined) return undefined
  return Object.values(providers).find((provider) => publicHost(provider.defaultBase) === host)
}

function publicHost(base: string | undefined): string | undefined {
  if (base === undefined || !URL.canParse(base)) return undefined
  const { protocol, host } = new URL(base)
  return protocol === 'https:' ? host : undefined
}

function unknownProvider(
  providers: Providers,
  what: string,
  name: string,
  instead: string,
): string {
  const near = nearestNames(name, Object.keys(providers))
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`
  return `unknown ${what} '${name}'.${hint} For a server that speaks OpenAI's API write ${instead} and give its api_base`
}
