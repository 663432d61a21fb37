import type { FaultList } from './fault-list.ts'
import { fieldOf, isObject } from './json-object.ts'

const message =
  'nobody waits where any number of requests is sent at once: write max_parallel_requests too'

/** Warns of queues at deployments whose requests at once are not bounded. */
export function warnOfIdleQueues(
  document: Readonly<Record<string, unknown>>,
  faults: FaultList,
): void {
  const router = document['router_settings']
  if (isGiven(fieldOf(router, 'default_max_parallel_requests'))) return
  const models = Array.isArray(document['model_list']) ? document['model_list'] : []
  const params = models.map((entry: unknown) => fieldOf(entry, 'litellm_params'))
  const isBounded = (one: unknown) => isGiven(fieldOf(one, 'max_parallel_requests'))
  for (const [index, one] of params.entries()) {
    if (!isObject(fieldOf(one, 'queue')) || isBounded(one)) continue
    faults.warning(['model_list', index, 'litellm_params', 'queue'], message, { part: 'key' })
  }
  if (isObject(fieldOf(router, 'queue')) && !params.some(isBounded))
    faults.warning(['router_settings', 'queue'], message, { part: 'key' })
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
