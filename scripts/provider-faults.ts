import { createPricing } from '../gateway/accounting/create-pricing.ts'
import { PriceBook } from '../gateway/accounting/price-book.ts'
import { resolveProvider } from '../gateway/providers/index.ts'
import type { Provider } from '../gateway/providers/provider.ts'
import { FaultList } from '../modules/fault-list.ts'
import type { DeploymentParams, Fault, ModelEntry, Module } from '../modules/module.ts'
import { hasPlaceholder } from '../modules/placeholders.ts'
import { parseYaml } from '../modules/yaml-source.ts'

const prices = new PriceBook()

interface Asked {
  readonly file: string
  readonly text: string
  /** Placeholders stand as written; absent where the file is unusable. */
  readonly module?: Module
}

/** Models that no provider can serve, or not at the module's endpoints. What a variable holds is not judged. */
export function findProviderFaults({ file, text, module }: Asked): Fault[] {
  if (!module) return []
  const { value, positionOf } = parseYaml(text)
  const faults = new FaultList(file, { value, positionOf, faults: [] })
  for (const entry of module.models) checkEntry(entry, module, faults)
  return faults.sorted()
}

function checkEntry(entry: ModelEntry, module: Module, faults: FaultList): void {
  const { params } = entry
  const path = ['model_list', Number(/\d+/.exec(entry.path)?.[0] ?? 0), 'litellm_params']
  if (hasPlaceholder(params.model) || hasPlaceholder(params.customProvider ?? '')) return
  const resolved = resolveProvider(params)
  if ('fault' in resolved) {
    faults.error([...path, params.customProvider ? 'custom_llm_provider' : 'model'], resolved.fault)
    return
  }
  const { provider, model } = resolved
  checkWorkflow(params, provider, path, faults)
  if (params.apiBase === undefined && provider.defaultBase === undefined) {
    faults.error(
      [...path, 'api_base'],
      `expected the address of the upstream, such as http://localhost:8000/v1: ${provider.name} has none of its own`,
    )
  }
  const base = params.apiBase ?? provider.defaultBase
  if (base !== undefined && URL.canParse(base) && !hasPlaceholder(base)) {
    const { hostname } = new URL(base)
    const ask = { params, provider: provider.name, model, hostname, settings: module.prices }
    const { fault } = createPricing(ask, prices.find)
    if (fault !== undefined) faults.error([...path, 'model'], fault)
  }
  if (module.endpoints.some((endpoint) => provider.endpoints[endpoint] !== undefined)) return
  const able = Object.keys(provider.endpoints).join(', ')
  faults.warning(
    [...path, 'model'],
    `no endpoint of this module can use it: ${provider.name} serves ${able}`,
  )
}

// A file stands where the gateway runs, and is read there.
function checkWorkflow(
  { workflow, workflowFile }: DeploymentParams,
  { name, checkWorkflow: check }: Provider,
  path: readonly (string | number)[],
  faults: FaultList,
): void {
  const key = workflow === undefined ? 'workflow_file' : 'workflow'
  if (workflow === undefined && workflowFile === undefined) return
  const fault = check ? workflow && check(workflow) : `${name} draws by none`
  if (fault !== undefined) faults.error([...path, key], fault)
}
