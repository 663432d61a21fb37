import type { FaultList } from './fault-list.ts'
import type { Fallbacks } from './module.ts'
import { tableOf } from './table.ts'
import type { Path } from './yaml-source.ts'

type Chains = Readonly<Record<string, string | readonly string[]>>
type Written = Chains | readonly Chains[] | undefined

/** One kind of fallbacks in the two blocks it may stand in. */
export interface FallbackSources {
  readonly key: string
  readonly router: Written
  readonly litellm: Written
  /** `default_fallbacks`, as the last resort of every model. */
  readonly defaults?: readonly string[] | undefined
}

/** Models in the order they are tried after each one; what router_settings says goes before litellm_settings. */
export function readFallbacks(sources: FallbackSources, faults: FaultList): Fallbacks {
  const { key, router, litellm, defaults = [] } = sources
  const chains = new Map<string, readonly string[]>()
  if (isGiven(router)) addChains(router, chains, { path: ['router_settings', key], faults })
  else if (litellm) addChains(litellm, chains, { path: ['litellm_settings', key], faults })
  if (defaults.length > 0 && !chains.has('*')) chains.set('*', [...new Set(defaults)])
  return tableOf(chains)
}

// As with LiteLLM, an empty list in one block leaves the other's in force.
function isGiven(written: Written): written is NonNullable<Written> {
  return written !== undefined && Object.keys(written).length > 0
}

function addChains(
  written: NonNullable<Written>,
  chains: Map<string, readonly string[]>,
  { path, faults }: { readonly path: Path; readonly faults: FaultList },
): void {
  const list: readonly Chains[] = isList(written) ? written : [written]
  for (const [index, entry] of list.entries()) {
    for (const [model, targets] of Object.entries(entry)) {
      const where = [...path, ...(isList(written) ? [index] : []), model]
      if (chains.has(model)) {
        faults.warning(where, 'it has fallbacks above already: these are not used', { part: 'key' })
        continue
      }
      const names = typeof targets === 'string' ? [targets] : targets
      if (names.length > 0) chains.set(model, [...new Set(names)])
    }
  }
}

function isList(written: NonNullable<Written>): written is readonly Chains[] {
  return Array.isArray(written)
}
