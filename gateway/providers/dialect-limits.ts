import { GatewayError } from '../errors/gateway-error.ts'
import type { Target } from './provider.ts'
import { isGiven, type JsonObject } from './read-json.ts'

/** What a dialect cannot say: a field, and whether the value given asks for it. */
export interface Unsayable {
  readonly field: string
  readonly isAsked: (value: unknown) => boolean
  /** Ends the sentence: `… Leave it out, or ask a model that has it.` */
  readonly reason: string
}

/** Refuses what the dialect cannot say, unless the deployment drops such parameters. */
export function refuseUnsayable(
  fields: JsonObject,
  table: readonly Unsayable[],
  target: Target,
): void {
  if (target.params.dropParams === true) return
  for (const { field, isAsked, reason } of table) {
    if (isGiven(fields[field]) && isAsked(fields[field])) throw unsupported(field, reason)
  }
}

/** The refusal of one parameter, with what to do about it. */
export function unsupported(param: string, reason: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `'${param}' is not possible with this model: ${reason} Leave it out, or set drop_params: true for the model.`,
    { param },
  )
}

/** A request field of the wrong shape. */
export function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', `'${param}' ${message}`, { param })
}

/** An answer that is not what the dialect promises. What came instead goes to the log only. */
export function nonsense(expected: string, model: string): GatewayError {
  return new GatewayError(
    'upstream_nonsense',
    `The server behind model '${model}' gave an answer that cannot be read: ${expected}. Check that its address belongs to the kind of server the model names.`,
  )
}

/** Above this many times, a field that counts asks for more than one. */
export const isMoreThanOne = (value: unknown): boolean => typeof value !== 'number' || value > 1
