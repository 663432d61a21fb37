import type { FailureClass, FailurePolicy } from '../../modules/module.ts'
import type { ErrorCode } from '../errors/catalogue.ts'

const badRequest = ['BadRequestError', 'Default'] as const
const serverError = ['InternalServerError', 'Default'] as const
const unavailable = ['ServiceUnavailableError', 'InternalServerError', 'Default'] as const
const anyOther = ['Default'] as const

const byCode: Readonly<Partial<Record<ErrorCode, readonly FailureClass[]>>> = {
  invalid_request: badRequest,
  request_too_large: badRequest,
  unsupported_parameter: badRequest,
  upstream_rejected: badRequest,
  context_length_exceeded: badRequest,
  content_policy_violation: ['ContentPolicyViolationError', ...badRequest],
  upstream_refused_our_key: ['AuthenticationError', 'Default'],
  upstream_lacks_model: ['NotFoundError', 'Default'],
  upstream_rate_limited: ['RateLimitError', 'Default'],
  upstream_timeout: ['TimeoutError', 'Default'],
  upstream_failed: serverError,
  // LiteLLM's users see a refused connection as "InternalServerError: … Connection error."
  upstream_unreachable: serverError,
  upstream_nonsense: serverError,
  stream_interrupted: serverError,
}

/** LiteLLM's classes of a failure, the most specific first. `answeredStatus`: what the upstream itself answered. */
export function failureClassesOf(
  code: ErrorCode,
  answeredStatus?: number,
): readonly FailureClass[] {
  if (code === 'upstream_failed' && answeredStatus === 503) return unavailable
  return byCode[code] ?? anyOther
}

/** The number a policy has for a failure, and the class it has it for. */
export function findInPolicy(
  policy: FailurePolicy | undefined,
  code: ErrorCode,
  answeredStatus?: number,
): { readonly name: FailureClass; readonly count: number } | undefined {
  if (policy === undefined) return undefined
  for (const name of failureClassesOf(code, answeredStatus)) {
    const count = policy[name]
    if (count !== undefined) return { name, count }
  }
  return undefined
}
