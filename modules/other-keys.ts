import type { FaultList } from './fault-list.ts'
import { allowedFailsPolicySchema, retryPolicySchema } from './failure-policies.ts'
import { isNothingLost, keysNotActedOn, lossOf } from './known-keys.ts'
import { nearestNames } from './nearest-name.ts'
import { paramsSchema } from './params-schema.ts'
import { routerSchema, strategyArguments } from './router-schema.ts'
import {
  credentialSchema,
  generalSchema,
  litellmSchema,
  modelSchema,
  moduleSchema,
} from './schema.ts'
import type { Path } from './yaml-source.ts'

const ourKeys = ['module', 'endpoints', 'fleet', 'deploy', 'prices']

const keysOf: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(moduleSchema.properties),
  'model_list[]': Object.keys(modelSchema.properties),
  'credential_list[]': Object.keys(credentialSchema.properties),
  litellm_params: Object.keys(paramsSchema.properties),
  retry_policy: Object.keys(retryPolicySchema.properties),
  allowed_fails_policy: Object.keys(allowedFailsPolicySchema.properties),
  routing_strategy_args: Object.keys(strategyArguments.properties),
  router_settings: Object.keys(routerSchema.properties),
  litellm_settings: Object.keys(litellmSchema.properties),
  general_settings: Object.keys(generalSchema.properties),
}

interface OtherKey {
  readonly block: string
  readonly path: Path
  readonly value: unknown
}

/** Says what becomes of a key that stands in a block of LiteLLM's but not in its schema. */
export function reportOtherKeys({ block, path, value }: OtherKey, faults: FaultList): void {
  const key = path.at(-1)
  if (typeof key !== 'string') return
  if (faults.isFull) return
  const loss = lossOf(block, key)
  if (loss !== undefined) {
    if (isNothingLost(key, value)) return
    faults.warning(path, `not acted on: ${loss}`, { part: 'key' })
    return
  }
  // Where people keep their anchors; nothing reads it.
  if (block === '' && key.startsWith('x-')) return
  // Further keys of litellm_params are request defaults: read-models.ts speaks about them.
  if (block === 'litellm_params') return
  const [near] = nearestNames(key, [...(keysOf[block] ?? []), ...keysNotActedOn(block)], 1)
  if (block === '' && near !== undefined && ourKeys.includes(near)) {
    faults.error(path, `unknown key, did you mean ${near}?`, { part: 'key' })
    return
  }
  faults.warning(path, `unknown key, ignored${hintFor(block, key, near)}`, { part: 'key' })
}

function hintFor(block: string, key: string, near: string | undefined): string {
  const home = Object.keys(keysOf).find(
    (other) =>
      other !== block &&
      (keysOf[other]?.includes(key) === true || lossOf(other, key) !== undefined),
  )
  if (home !== undefined && home !== '') return `: it belongs into ${home}`
  if (near !== undefined) return `, did you mean ${near}?`
  return home === '' ? ': it belongs to the top of the file' : ''
}
