import type { FailureClass, FailurePolicy } from './module.ts'
import { integer, litellmBlock, optional } from './schema-parts.ts'
import type { ValueOf } from './schema-parts.ts'

/** LiteLLM's classes of failure. A policy's keys are these with `Retries` or `AllowedFails` behind them. */
export const failureClasses = [
  'BadRequestError',
  'AuthenticationError',
  'TimeoutError',
  'RateLimitError',
  'ContentPolicyViolationError',
  'InternalServerError',
  'ServiceUnavailableError',
  'NotFoundError',
  'Default',
] as const satisfies readonly FailureClass[]

type Counted = 'Retries' | 'AllowedFails'

function countsOf(counted: Counted, description: string) {
  const count = optional(integer({ description, maximum: 1000 }))
  return Object.fromEntries(failureClasses.map((name) => [`${name}${counted}`, count]))
}

export const retryPolicySchema = litellmBlock(
  'retry_policy',
  countsOf('Retries', 'Further attempts after a failure of this class.'),
  { description: 'Further attempts by class of failure; goes before num_retries.' },
)

export const allowedFailsPolicySchema = litellmBlock(
  'allowed_fails_policy',
  countsOf('AllowedFails', 'Failures of this class before a deployment rests.'),
  { description: 'Failures before a deployment rests, by class; goes before allowed_fails.' },
)

/** A policy as written, by its classes. */
export function toPolicy(
  written: ValueOf<typeof retryPolicySchema> | undefined,
  counted: Counted,
): FailurePolicy {
  const policy: Partial<Record<FailureClass, number>> = {}
  for (const name of failureClasses) {
    const count = written?.[`${name}${counted}`]
    if (count !== undefined) policy[name] = count
  }
  return policy
}
