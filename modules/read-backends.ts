import { backendResources } from './backend-schema.ts'
import type { backendsSchema } from './backend-schema.ts'
import type { FaultList } from './fault-list.ts'
import type { Backend } from './module.ts'
import { optional } from './optional.ts'
import { readPlacement } from './placement-schema.ts'
import { readResources } from './read-resources.ts'
import type { ValueOf } from './schema-parts.ts'

/** Names of a module's own objects: `<module>-gateway`. */
const takenNames = ['gateway', 'config', 'keys', 'metrics', 'proxy']

/** `deploy.backends`, with every default in place. */
export function readBackends(
  written: ValueOf<typeof backendsSchema>,
  faults: FaultList,
): Backend[] {
  return written.map((backend, index) => {
    const path = ['deploy', 'backends', index]
    checkName(backend.name, written.slice(0, index), { path, faults })
    if (backend.kind === 'vllm' && backend.models?.length !== 1)
      faults.error([...path, 'models'], 'expected one model for vllm, which serves one')
    if (backend.pool !== undefined) checkPool(backend, { path, faults })
    const { requests, limits } = readResources(backend.resources, {
      defaults: backendResources,
      path: [...path, 'resources'],
      faults,
    })
    const { gpus = 0, gpu_resource: device = 'nvidia.com/gpu' } = backend
    const devices = gpus === 0 ? {} : { [device]: String(gpus) }
    return {
      name: backend.name,
      kind: backend.kind,
      image: backend.image,
      replicas: backend.replicas ?? 1,
      ...optional(
        'pool',
        backend.pool && { image: backend.pool.picker_image, parents: backend.pool.parents },
      ),
      models: backend.models ?? [],
      args: backend.args ?? [],
      storage: backend.storage ?? '50Gi',
      ...optional('storageClass', backend.storage_class),
      resources: { requests: { ...requests, ...devices }, limits: { ...limits, ...devices } },
      ...readPlacement(backend),
    }
  })
}

function checkPool(
  { kind, pool }: ValueOf<typeof backendsSchema>[number],
  { path, faults }: Place,
): void {
  if (kind !== 'vllm') faults.error([...path, 'pool'], `expected kind: vllm with it, found ${kind}`)
  if (pool?.parents.length === 0)
    faults.error([...path, 'pool', 'parents'], 'expected at least one Gateway, found an empty list')
}

interface Place {
  readonly path: readonly (string | number)[]
  readonly faults: FaultList
}

function checkName(
  name: string,
  before: readonly { readonly name: string }[],
  { path, faults }: Place,
): void {
  if (takenNames.includes(name))
    faults.error(
      [...path, 'name'],
      `expected another name, found ${name}, which the module itself uses`,
    )
  if (before.some((other) => other.name === name))
    faults.error([...path, 'name'], `expected a name of its own, found ${name} twice`)
}
