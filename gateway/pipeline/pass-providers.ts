import { providers } from '../providers/index.ts'
import type { Provider } from '../providers/provider.ts'

/** A provider whose own API may be asked for through the gateway. */
export interface PassableProvider {
  /** As it stands in the path. */
  readonly name: string
  readonly provider: Provider
  /** Whether its clients read errors in Anthropic's envelope. */
  readonly speaksMessages: boolean
}

/** All of them, some by two names: LiteLLM writes `vertex-ai` for `vertex_ai`. */
export const passableProviders: readonly PassableProvider[] = Object.entries(providers).flatMap(
  ([name, provider]) =>
    [...new Set([name, name.replaceAll('_', '-')])].map((one) => ({
      name: one,
      provider,
      speaksMessages: provider.endpoints.messages?.kind === 'pass-through',
    })),
)

/** How well a deployment's provider fits: 2 it is the very one, 1 it speaks to the same service, 0 not at all. */
export function kinshipOf(named: Provider, provider: Provider): 0 | 1 | 2 {
  if (named.name === provider.name) return 2
  const isSame = (key: 'defaultBase' | 'baseVariables'): boolean =>
    named[key] !== undefined && String(named[key]) === String(provider[key])
  return isSame('defaultBase') || isSame('baseVariables') ? 1 : 0
}
