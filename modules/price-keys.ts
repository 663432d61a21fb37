/** Prices that are tables rather than numbers. */
const tables: readonly string[] = [
  'tiered_pricing',
  'off_peak_pricing',
  'search_context_cost_per_query',
]

const costPattern =
  /^((in|out)put_cost_per_[a-z\d_]+|cache_(read|creation)_input_([a-z]+_)?token_cost[a-z\d_]*|cost_per_second|citation_cost_per_token|code_interpreter_cost_per_session|google_maps_grounding_cost_per_query)$/

/** Whether a key of `litellm_params` or `model_info` is one of LiteLLM's prices, US dollars a unit. */
export function isPriceKey(key: string): boolean {
  return costPattern.test(key) || tables.includes(key)
}

/** Whether its value is a number. */
export function isPlainPrice(key: string): boolean {
  return !tables.includes(key)
}
