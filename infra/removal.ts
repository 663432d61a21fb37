import { parse } from 'yaml'
import type { Difference } from './write-folder.ts'

/** Kinds a module's objects have, the Secret among them. */
const kinds = [
  'deployment',
  'service',
  'configmap',
  'secret',
  'serviceaccount',
  'poddisruptionbudget',
  'networkpolicy',
  'horizontalpodautoscaler',
  'ingress',
].join(',')

/** What to run so that the cluster loses what `k8s/` lost, but for data: `kubectl apply` removes nothing. */
export function deletionCommands(
  removed: readonly Difference[],
  files: ReadonlyMap<string, string>,
): string[] {
  const folders = new Set([...files.keys()].map(folderOf))
  const commands = removed.flatMap(({ path, found, wanted }) => {
    const object = wanted === undefined && found !== undefined ? readObject(found) : undefined
    if (object === undefined) return []
    const { kind, name, namespace, module } = object
    // Model servers stand in their module's folder under a name of their own.
    const isModuleGone = !folders.has(folderOf(path)) && module === folderOf(path)
    if (kind === 'persistentvolumeclaim') return []
    const what = isModuleGone ? `${kinds} -l module=${module}` : `${kind} ${name}`
    return [`kubectl delete -n ${namespace} ${what}`]
  })
  return [...new Set(commands)]
}

/** The same for objects that are no folder of their module: one by one. */
export function objectDeletionCommands(removed: readonly Difference[]): string[] {
  return removed.flatMap(({ found, wanted }) => {
    const object = wanted === undefined && found !== undefined ? readObject(found) : undefined
    if (object === undefined) return []
    return [`kubectl delete -n ${object.namespace} ${object.kind} ${object.name}`]
  })
}

/** The same for all that went at any time: every gateway and model server but these. */
export function sweepingCommand(namespace: string, owners: readonly string[]): string {
  const what = 'app.kubernetes.io/component in (gateway,metrics,model-server)'
  const others = `${what},module notin (${owners.join(',')})`
  return `kubectl delete -n ${namespace} ${kinds} -l '${others}'`
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? ''
}

interface Named {
  readonly kind: string
  readonly name: string
  readonly namespace: string
  /** Its label. */
  readonly module: unknown
}

function readObject(text: string): Named | undefined {
  const object: unknown = parse(text)
  if (typeof object !== 'object' || object === null) return undefined
  if (!('kind' in object) || !('metadata' in object)) return undefined
  const { kind, metadata } = object
  if (typeof kind !== 'string' || typeof metadata !== 'object' || metadata === null)
    return undefined
  const { name, namespace, labels }: { name?: unknown; namespace?: unknown; labels?: object } =
    metadata
  if (typeof name !== 'string' || typeof namespace !== 'string') return undefined
  const { module }: { module?: unknown } = labels ?? {}
  return { kind: kind.toLowerCase(), name, namespace, module }
}
