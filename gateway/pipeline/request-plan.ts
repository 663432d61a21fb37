import { isObject } from '../../modules/json-object.ts'
import { rulesFor, type RequestRules } from '../providers/request-rules.ts'
import type { Deployment } from '../routing/deployment.ts'
import { controlFields } from './control-fields.ts'
import { readDropPath, withoutPath, type DropPath } from './drop-paths.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a deployment changes in the fields of every request. */
export interface RequestPlan {
  /** Used where the caller names no value. */
  readonly defaults: readonly (readonly [string, unknown])[]
  /** Put in over the caller's value: `extra_body`. */
  readonly extra: readonly (readonly [string, unknown])[]
  /** Never sent: control fields, and what the deployment or its provider does not take. */
  readonly removed: ReadonlySet<string>
  /** What is left of a caller's `metadata`, though that is removed. */
  readonly metadata: readonly string[]
  readonly paths: readonly DropPath[]
  readonly renamed: RequestRules['renamed']
  readonly repairs: RequestRules['repairs']
}

// A caller's metadata is for the gateway, and for the one who has a field of that name.
const openAi = 'https://api.openai.com'

/** The plan of a deployment for one of its upstream's models. */
export function createRequestPlan(
  { provider, params, origin }: Deployment,
  upstreamModel: string,
): RequestPlan {
  const rules = rulesFor(upstreamModel, provider.rules ?? [])
  const isDropping = params.dropParams === true
  const isModifying = params.modifyParams === true
  // A limit under its other name is worth more than none: renamed before anything is left out.
  const renamed = isDropping || isModifying ? rules.renamed : []
  const allowed = params.allowedParams ?? []
  const refused = isDropping ? rules.refused.filter((name) => !allowed.includes(name)) : []
  const dropped = params.additionalDropParams.filter((name) => !readDropPath(name))
  const removed = new Set([...controlFields, ...dropped, ...refused])
  const defaults = Object.entries(params.defaults).filter(([key]) => !removed.has(key))
  const metadata = removed.has('metadata') ? [] : (provider.metadataFields ?? [])
  if (origin !== openAi) removed.add('metadata')
  return {
    defaults,
    extra: Object.entries(params.extraBody),
    removed,
    metadata,
    paths: params.additionalDropParams.flatMap((name) => readDropPath(name) ?? []),
    renamed,
    repairs: isModifying ? rules.repairs : [],
  }
}

/** Whether fields are added to some requests. */
export function hasAdditions({ defaults, extra }: RequestPlan): boolean {
  return defaults.length + extra.length > 0
}

/** Whether the caller's own fields may change, so that they have to be looked at. */
export function hasChanges({ paths, renamed, repairs }: RequestPlan): boolean {
  return paths.length + renamed.length + repairs.length > 0
}

/** The fields as the upstream gets them. What is not changed is the very same value. */
export function plannedFields(fields: Fields, plan: RequestPlan): Record<string, unknown> {
  // Nothing inherited: a caller's `__proto__` is a key like any other.
  const sent: Record<string, unknown> = { __proto__: null }
  for (const [key, value] of plan.defaults) if (!isOverridden(key, fields)) sent[key] = value
  for (const key of Object.keys(fields)) if (!plan.removed.has(key)) sent[key] = fields[key]
  const metadata = metadataOf(fields, plan)
  if (metadata) sent['metadata'] = metadata
  for (const [from, to] of plan.renamed) rename(sent, from, to)
  for (const { field, steps } of plan.paths)
    if (sent[field] !== undefined) sent[field] = withoutPath(sent[field], steps)
  for (const repair of plan.repairs) Object.assign(sent, repair(sent))
  for (const [key, value] of plan.extra) sent[key] = value
  return sent
}

/** What of the caller's `metadata` is the upstream's own; undefined where it has none of that. */
export function metadataOf({ metadata }: Fields, plan: RequestPlan): Fields | undefined {
  if (!isObject(metadata) || plan.metadata.length === 0) return undefined
  const own = plan.metadata.filter((name) => metadata[name] !== undefined)
  return own.length === 0
    ? undefined
    : Object.fromEntries(own.map((name) => [name, metadata[name]]))
}

const twins: ReadonlyMap<string, string> = new Map([
  ['max_tokens', 'max_completion_tokens'],
  ['max_completion_tokens', 'max_tokens'],
])

/** Whether the caller has said it, under this name or the other one of the same thing. */
export function isOverridden(key: string, fields: Fields): boolean {
  if (Object.hasOwn(fields, key)) return true
  const twin = twins.get(key)
  if (twin === undefined || !Object.hasOwn(fields, twin)) return false
  return fields[twin] !== null
}

function rename(sent: Record<string, unknown>, from: string, to: string): void {
  const value = sent[from]
  if (value === undefined || !('messages' in sent)) return
  delete sent[from]
  sent[to] ??= value
}
