import { describe, expect, test } from 'vitest'

import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'

function codeFor(status: number, message: string): string {
  const error = { code: status, message, status: 'INVALID_ARGUMENT' }
  const body = Buffer.from(JSON.stringify({ error }))
  return mapUpstreamError({ status, body, headers: {}, model: 'asked', nowMs: 0 }).code
}

describe('a 400 is about our key where it says', () => {
  test.each([
    'API key not valid. Please pass a valid API key.',
    'API key expired. Please renew the API key.',
    'API Key not found. Please pass a valid API key.',
    'User location is not supported for the API use.',
    'Gemini API free tier is not available in your country. Please enable billing.',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  ])('%s', (message) => {
    expect(codeFor(400, message)).toBe('upstream_refused_our_key')
  })
})

test('an account without credit is told from a wrong key', () => {
  const message = 'Your credit balance is too low to access the Anthropic API.'
  const body = Buffer.from(
    JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } }),
  )
  const error = mapUpstreamError({ status: 400, body, headers: {}, model: 'asked', nowMs: 0 })
  expect(error.message).toContain('out of credit')
})

test.each([
  [400, 'Invalid value at contents: the text says: API key not valid.'],
  [400, 'Request contains an invalid argument.'],
  [422, 'API key not valid.'],
])('%d %s is about the request', (status, message) => {
  expect(codeFor(status, message)).toBe('upstream_rejected')
})
