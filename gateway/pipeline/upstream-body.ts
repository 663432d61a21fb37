import type { Deployment } from '../routing/deployment.ts'
import { editBody, replaceValue } from './edit-body.ts'
import type { Member } from './json-members.ts'
import type { JsonRequest } from './json-request.ts'
import {
  createRequestPlan,
  hasAdditions,
  hasChanges,
  isOverridden,
  metadataOf,
  plannedFields,
  type RequestPlan,
} from './request-plan.ts'

/** What a deployment changes in every body it is sent, encoded once. */
interface BodyPlan extends RequestPlan {
  readonly upstreamModel: string
  readonly model: Buffer
  readonly hasAdditions: boolean
  readonly hasChanges: boolean
  /** Bytes of what the document puts in, by its value. */
  readonly encoded: ReadonlyMap<unknown, Buffer>
  readonly headers: string[]
}

const plans = new WeakMap<Deployment, BodyPlan>()
const rulePlans = new WeakMap<Deployment, Map<string, BodyPlan>>()
const usageAsked = Buffer.from('{"include_usage":true}')

export interface BodyOptions {
  readonly upstreamModel: string
  /** Ask for a usage chunk that the caller did not ask for. */
  readonly isUsageAdded: boolean
  /** A maximum of the answer that nobody has named. */
  readonly maximum?: { readonly name: string; readonly value: number } | undefined
}

/** The bytes for an upstream of the caller's own dialect: the caller's, edited in place. */
export function upstreamBytes(
  request: JsonRequest,
  deployment: Deployment,
  options: BodyOptions,
): Buffer {
  const { upstreamModel, isUsageAdded, maximum } = options
  const plan = planOf(deployment, upstreamModel)
  const { bytes, members } = request
  const isSameModel = request.field('model') === upstreamModel
  const model = upstreamModel === plan.upstreamModel ? plan.model : encode(upstreamModel)
  const isAdded = plan.hasAdditions || isUsageAdded || maximum !== undefined
  if (!isAdded && !plan.hasChanges && !hasAny(members, plan.removed)) {
    // What nearly every request is: only its model has another name behind us.
    const member = request.find('model')
    if (isSameModel && member) return bytes
    if (member) return replaceValue(bytes, member, model)
  }
  const { fields } = request
  const edits = plan.hasChanges
    ? editsTo(plannedFields(fields, plan), fields, plan)
    : { set: additionsTo(fields, plan), remove: plan.removed }
  if (!isSameModel && !edits.set.has('model')) edits.set.set('model', model)
  if (maximum) edits.set.set(maximum.name, encode(maximum.value))
  if (isUsageAdded) edits.set.set('stream_options', usageOptions(fields['stream_options']))
  return editBody(bytes, members, edits)
}

function additionsTo(fields: JsonRequest['fields'], plan: BodyPlan): Map<string, Buffer> {
  const { defaults, extra, encoded } = plan
  const set = new Map<string, Buffer>()
  const metadata = metadataOf(fields, plan)
  if (metadata) set.set('metadata', encode(metadata))
  for (const [key, value] of defaults)
    if (!isOverridden(key, fields)) set.set(key, encoded.get(value) ?? encode(value))
  for (const [key, value] of extra) set.set(key, encoded.get(value) ?? encode(value))
  return set
}

/** What differs between the fields to be sent and those that came. */
function editsTo(
  sent: Readonly<Record<string, unknown>>,
  fields: JsonRequest['fields'],
  { encoded }: BodyPlan,
): { set: Map<string, Buffer>; remove: Set<string> } {
  const set = new Map<string, Buffer>()
  const remove = new Set<string>()
  for (const key of Object.keys(fields)) if (sent[key] === undefined) remove.add(key)
  for (const [key, value] of Object.entries(sent)) {
    if (value === undefined || (value === fields[key] && Object.hasOwn(fields, key))) continue
    set.set(key, encoded.get(value) ?? encode(value))
  }
  return { set, remove }
}

/** The headers of a JSON call to a deployment: its own, and what the body is. */
export function jsonHeaders(deployment: Deployment): string[] {
  return planOf(deployment, deployment.target.model).headers
}

function hasAny(members: readonly Member[], keys: ReadonlySet<string>): boolean {
  for (const { key } of members) if (keys.has(key)) return true
  return false
}

/** The fields for a translating provider: the caller's over the deployment's defaults, control fields gone. */
export function upstreamFields(
  fields: Readonly<Record<string, unknown>>,
  deployment: Deployment,
): Record<string, unknown> {
  return plannedFields(fields, planOf(deployment, deployment.target.model))
}

function planOf(deployment: Deployment, upstreamModel: string): BodyPlan {
  const known = plans.get(deployment)
  if (known?.upstreamModel === upstreamModel) return known
  const { provider, params, target } = deployment
  // Only where a vendor's rules differ by model does the model of a wildcard need a plan of its own.
  const isRuled = provider.rules && (params.dropParams === true || params.modifyParams === true)
  if (known) return isRuled ? rulePlanOf(deployment, upstreamModel) : known
  plans.set(deployment, createPlan(deployment, target.model))
  return planOf(deployment, upstreamModel)
}

const mostKept = 64
const longestKeptName = 200

/** The plan for one model of a wildcard; the last ones are kept, however many names callers invent. */
function rulePlanOf(deployment: Deployment, upstreamModel: string): BodyPlan {
  let kept = rulePlans.get(deployment)
  if (!kept) rulePlans.set(deployment, (kept = new Map()))
  const known = kept.get(upstreamModel)
  if (known) return known
  const plan = createPlan(deployment, upstreamModel)
  if (kept.size >= mostKept) kept.clear()
  if (upstreamModel.length <= longestKeptName) kept.set(upstreamModel, plan)
  return plan
}

function createPlan(deployment: Deployment, upstreamModel: string): BodyPlan {
  const plan = createRequestPlan(deployment, upstreamModel)
  const values = [...plan.defaults, ...plan.extra].map(([, value]) => value)
  return {
    ...plan,
    upstreamModel,
    model: encode(upstreamModel),
    hasAdditions: hasAdditions(plan),
    hasChanges: hasChanges(plan),
    encoded: new Map(values.map((value) => [value, encode(value)])),
    headers: [...deployment.headers, 'content-type', 'application/json'],
  }
}

function usageOptions(asked: unknown): Buffer {
  if (asked === null || typeof asked !== 'object') return usageAsked
  return encode({ ...asked, include_usage: true })
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
