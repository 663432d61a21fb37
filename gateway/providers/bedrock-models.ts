import type { DeploymentParams } from '../../modules/module.ts'
import { invalid } from './dialect-limits.ts'
import type { Target } from './provider.ts'

/** The region LiteLLM calls where nobody names one. */
const defaultRegion = 'us-west-2'

const region = /^[a-z]{2}(-[a-z]+)?-[a-z]+-\d$/
/** What stands before a model to say how LiteLLM is to call it, or how it is paid. */
const route = /^(converse|converse_like|invoke|\d-month-commitment)$/
const arn = /^(?:[\w.-]+\/)*(arn:aws[\w-]*:bedrock:([a-z0-9-]*):.*)$/

interface WrittenName {
  readonly id: string
  readonly region?: string
}

function readName(written: string): WrittenName {
  const [, resource, place = ''] = arn.exec(written) ?? []
  if (resource !== undefined) return { id: resource, ...(place !== '' && { region: place }) }
  const steps = written.split('/')
  let found: string | undefined
  while (steps.length > 1) {
    const [first = ''] = steps
    if (region.test(first)) found ??= first
    else if (!route.test(first)) break
    steps.shift()
  }
  return { id: steps.join('/'), ...(found !== undefined && { region: found }) }
}

/** A model's own id or ARN, without the route and the region LiteLLM's users write before it. */
export function bareName(written: string): string {
  return readName(written).id
}

/** The region that a model names as it is written, by itself or within its ARN. */
export function regionIn({ model, modelId }: DeploymentParams): Partial<DeploymentParams> {
  const { region: location } = readName((modelId ?? model).replace(/^bedrock\//, ''))
  return location === undefined ? {} : { location }
}

export function regionOf({ location = defaultRegion }: DeploymentParams): string {
  return location
}

/** The address of Bedrock's runtime in a deployment's region. */
export function addressOf(params: DeploymentParams): string {
  const place = regionOf(params)
  const domain = place.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return `https://bedrock-runtime.${place}.${domain}`
}

/** Where a model is called. Whatever a caller writes stays within its segment. */
export function pathOf({ model, params }: Target, action: string): string {
  const id = bareName(params.modelId ?? model)
  if (/^\.{1,2}$/.test(id)) throw invalid('model', 'must be the id of a model.')
  return `/model/${encodeURIComponent(id)}/${action}`
}

/** The name that tells what a model can do: of an ARN that does not say it, that of its `base_model`. */
export function familyOf({ model, params }: Target): string {
  return params.baseModel === undefined ? model : `${model} ${params.baseModel}`
}

export function isClaude(family: string): boolean {
  return /claude/i.test(family)
}

export function isNova(family: string): boolean {
  return /\bnova-/i.test(family)
}

/** Whether prompts may be marked to be cached: by models from Claude 3.5 on, and Nova. */
export function takesCachePoints(target: Target): boolean {
  const family = familyOf(target)
  if (isClaude(family))
    return !/claude-(v2|instant|3-(opus|sonnet|haiku)|3-5-sonnet-20240620)/i.test(family)
  return isNova(family)
}

/** Whether `toolChoice` may demand a call; the others answer such a demand with an error. */
export function takesDemands(family: string): boolean {
  return isClaude(family) || isNova(family) || /mistral-large|pixtral/i.test(family)
}
