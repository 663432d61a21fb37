/** LiteLLM's strategies by their names, and ours: `peak-ewma` where none is named, `prefix-affinity` by name. */
export const strategyNames = [
  'peak-ewma',
  'prefix-affinity',
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
  'cost-based-routing',
] as const

export type StrategyName = (typeof strategyNames)[number]
