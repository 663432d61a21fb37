import { describe, expect, test } from 'vitest'

import { failureClassesOf, findInPolicy } from '../../../gateway/routing/failure-class.ts'

describe("LiteLLM's class", () => {
  test.each([
    ['upstream_rejected', 400, 'BadRequestError'],
    ['context_length_exceeded', 400, 'BadRequestError'],
    ['content_policy_violation', 400, 'ContentPolicyViolationError'],
    ['upstream_refused_our_key', 401, 'AuthenticationError'],
    ['upstream_lacks_model', 404, 'NotFoundError'],
    ['upstream_timeout', undefined, 'TimeoutError'],
    ['upstream_timeout', 408, 'TimeoutError'],
    ['upstream_rate_limited', 429, 'RateLimitError'],
    ['upstream_failed', 500, 'InternalServerError'],
    ['upstream_failed', 503, 'ServiceUnavailableError'],
    ['upstream_unreachable', undefined, 'InternalServerError'],
    ['upstream_nonsense', undefined, 'InternalServerError'],
    ['internal_error', undefined, 'Default'],
  ] as const)('of %s %s is %s', (code, status, name) => {
    expect(failureClassesOf(code, status)[0]).toBe(name)
  })
})

describe('a policy', () => {
  test('has the number of the most specific class it names', () => {
    const policy = { BadRequestError: 1, ContentPolicyViolationError: 2, Default: 3 }
    expect(findInPolicy(policy, 'content_policy_violation')).toEqual({
      name: 'ContentPolicyViolationError',
      count: 2,
    })
    expect(findInPolicy(policy, 'upstream_rejected')?.count).toBe(1)
    expect(findInPolicy(policy, 'upstream_timeout')?.count).toBe(3)
  })

  test('that names another class has none', () => {
    expect(findInPolicy({ TimeoutError: 0 }, 'upstream_failed')).toBeUndefined()
    expect(findInPolicy(undefined, 'upstream_failed')).toBeUndefined()
    expect(findInPolicy({ TimeoutError: 0 }, 'upstream_timeout')?.count).toBe(0)
  })
})
