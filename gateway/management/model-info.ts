import type { Deployment } from '../routing/deployment.ts'
import type { Serving } from '../pipeline/serving.ts'

/** One deployment as `GET /model/info` tells it; its address only to whom that is open. */
export function modelInfoOf(deployment: Deployment, isAddressShown: boolean): object {
  const { id, modelName, params, provider, target, info } = deployment
  const { rpm, tpm, weight, order, tags, maxParallelRequests, timeoutMs, streamTimeoutMs } = params
  return {
    model_name: modelName,
    litellm_params: {
      model: params.model,
      ...(isAddressShown && { api_base: deployment.origin + deployment.basePath }),
      ...(params.customProvider !== undefined && { custom_llm_provider: params.customProvider }),
      ...(params.apiVersion !== undefined && { api_version: params.apiVersion }),
      ...(rpm !== undefined && { rpm }),
      ...(tpm !== undefined && { tpm }),
      ...(weight !== undefined && { weight }),
      ...(order !== undefined && { order }),
      ...(tags !== undefined && { tags }),
      ...(maxParallelRequests !== undefined && { max_parallel_requests: maxParallelRequests }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs / 1000 }),
      ...(streamTimeoutMs !== undefined && { stream_timeout: streamTimeoutMs / 1000 }),
    },
    model_info: {
      db_model: false,
      key: target.model,
      litellm_provider: provider.name,
      mode: null,
      ...costsOf(deployment),
      ...info,
      id,
    },
  }
}

/** What all deployments behind a name have in common, as `GET /model_group/info` tells it. */
export function modelGroupOf(name: string, deployments: readonly Deployment[]): object {
  const costs = deployments.map(costsOf)
  const dearest = (key: keyof ReturnType<typeof costsOf>): number | null => {
    const known = costs.flatMap((cost) => cost[key] ?? [])
    return known.length === 0 ? null : Math.max(...known)
  }
  const sum = (values: readonly (number | undefined)[]): number | null => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
  }
  return {
    model_group: name,
    providers: [...new Set(deployments.map(({ provider }) => provider.name))],
    mode: textOf(deployments, 'mode'),
    max_input_tokens: largestOf(deployments, 'max_input_tokens'),
    max_output_tokens: largestOf(deployments, 'max_output_tokens'),
    input_cost_per_token: dearest('input_cost_per_token'),
    output_cost_per_token: dearest('output_cost_per_token'),
    tpm: sum(deployments.map(({ params }) => params.tpm)),
    rpm: sum(deployments.map(({ params }) => params.rpm)),
    supports_vision: supports(deployments, 'supports_vision'),
    supports_function_calling: supports(deployments, 'supports_function_calling'),
    supports_parallel_function_calling: supports(deployments, 'supports_parallel_function_calling'),
    supports_reasoning: supports(deployments, 'supports_reasoning'),
    supports_web_search: supports(deployments, 'supports_web_search'),
  }
}

/** Names of groups and what stands behind each. */
export function groupsOf({ router }: Serving): ReadonlyMap<string, readonly Deployment[]> {
  return Map.groupBy(router.deployments, ({ modelName }) => modelName)
}

/** US dollars a token; null where nobody knows, 0 where it is free. */
function costsOf({ pricing }: Deployment) {
  const price = pricing?.price
  const rates = price?.stepsOf?.('')[0]?.rates
  const perToken = (nano: number | undefined): number | null => {
    if (price?.isFree) return 0
    return nano === undefined ? null : nano / 1e9
  }
  return {
    input_cost_per_token: perToken(rates?.input),
    output_cost_per_token: perToken(rates?.output),
  }
}

function largestOf(deployments: readonly Deployment[], key: string): number | null {
  const known = deployments
    .map(({ info }) => info[key])
    .filter((value) => typeof value === 'number')
  return known.length === 0 ? null : Math.max(...known)
}

function textOf(deployments: readonly Deployment[], key: string): string | null {
  const found = deployments.map(({ info }) => info[key]).find((value) => typeof value === 'string')
  return found ?? null
}

function supports(deployments: readonly Deployment[], key: string): boolean {
  return deployments.some(({ info }) => info[key] === true)
}
