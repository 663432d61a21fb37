import type { Deployment } from '../routing/deployment.ts'
import { controlFields } from './control-fields.ts'
import { editBody, replaceValue } from './edit-body.ts'
import type { Member } from './json-members.ts'
import type { JsonRequest } from './json-request.ts'

/** What a deployment changes in every body it is sent, encoded once. */
interface BodyPlan {
  readonly model: Buffer
  /** Put in where the caller names no value. */
  readonly defaults: readonly (readonly [string, Buffer])[]
  /** Put in over the caller's value: `extra_body`. */
  readonly extra: readonly (readonly [string, Buffer])[]
  readonly removed: ReadonlySet<string>
  readonly hasAdditions: boolean
  readonly headers: string[]
}

const plans = new WeakMap<Deployment, BodyPlan>()
const usageAsked = Buffer.from('{"include_usage":true}')

export interface BodyOptions {
  readonly upstreamModel: string
  /** Ask for a usage chunk that the caller did not ask for. */
  readonly isUsageAdded: boolean
}

/** The bytes for an upstream of the caller's own dialect: the caller's, edited in place. */
export function upstreamBytes(
  request: JsonRequest,
  deployment: Deployment,
  options: BodyOptions,
): Buffer {
  const plan = planOf(deployment)
  const { bytes, members, fields } = request
  const isSameModel = fields['model'] === options.upstreamModel
  const model =
    options.upstreamModel === deployment.target.model ? plan.model : encode(options.upstreamModel)
  if (!plan.hasAdditions && !options.isUsageAdded && !hasAny(members, plan.removed)) {
    // What nearly every request is: only its model has another name behind us.
    const member = members.find(({ key }) => key === 'model')
    if (isSameModel && member) return bytes
    if (member) return replaceValue(bytes, member, model)
  }
  const set = new Map<string, Buffer>()
  if (!isSameModel) set.set('model', model)
  for (const [key, value] of plan.defaults) if (!Object.hasOwn(fields, key)) set.set(key, value)
  for (const [key, value] of plan.extra) set.set(key, value)
  if (options.isUsageAdded) set.set('stream_options', usageOptions(fields['stream_options']))
  return editBody(bytes, members, { set, remove: plan.removed })
}

/** The headers of a JSON call to a deployment: its own, and what the body is. */
export function jsonHeaders(deployment: Deployment): string[] {
  return planOf(deployment).headers
}

function hasAny(members: readonly Member[], keys: ReadonlySet<string>): boolean {
  for (const { key } of members) if (keys.has(key)) return true
  return false
}

/** The fields for a translating provider: the caller's over the deployment's defaults, control fields gone. */
export function upstreamFields(
  fields: Readonly<Record<string, unknown>>,
  { params }: Deployment,
): Record<string, unknown> {
  const merged = { ...params.defaults, ...fields, ...params.extraBody }
  for (const key of controlFields) delete merged[key]
  for (const key of params.additionalDropParams) delete merged[key]
  delete merged['metadata']
  return merged
}

function planOf(deployment: Deployment): BodyPlan {
  const known = plans.get(deployment)
  if (known) return known
  const { params, target, origin } = deployment
  const removed = new Set([...controlFields, ...params.additionalDropParams])
  if (origin !== 'https://api.openai.com') removed.add('metadata')
  const plan: BodyPlan = {
    model: encode(target.model),
    defaults: Object.entries(params.defaults).map(([key, value]) => [key, encode(value)]),
    extra: Object.entries(params.extraBody).map(([key, value]) => [key, encode(value)]),
    removed,
    hasAdditions: Object.keys(params.defaults).length + Object.keys(params.extraBody).length > 0,
    headers: [...deployment.headers, 'content-type', 'application/json'],
  }
  plans.set(deployment, plan)
  return plan
}

function usageOptions(asked: unknown): Buffer {
  if (asked === null || typeof asked !== 'object') return usageAsked
  return encode({ ...asked, include_usage: true })
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
