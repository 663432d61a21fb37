import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'

/** What a vendor answers where it does not serve, as its documentation or its server's code shows it. */
interface Refusal {
  readonly about: string
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** The error of the catalogue that it becomes. */
  readonly code: string
  readonly param?: string
  readonly retryAfterSeconds?: number
}

const folder = new URL('../../fixtures/errors/', import.meta.url)
const vendors = readdirSync(folder).map((file): [string, Refusal[]] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
])

const classes = [
  'upstream_refused_our_key',
  'upstream_lacks_model',
  'upstream_rate_limited',
  'upstream_rejected',
  'context_length_exceeded',
  'content_policy_violation',
  'upstream_failed',
]
const policy = 'content_policy_violation'
const tooLong = 'context_length_exceeded'

/** Classes a vendor has no error for: it is no judge of contents, cuts what is too long, or has no limits. */
const absent: Readonly<Record<string, readonly string[]>> = {
  cohere: [policy],
  ollama: [policy],
  huggingface: [policy],
  a1111: ['upstream_rate_limited', tooLong, policy],
  jina: [tooLong, policy],
  voyage: ['upstream_lacks_model', policy],
  infinity: [tooLong, policy],
}

describe.each(vendors)('%s', (vendor, refusals) => {
  test('has an answer for every class', () => {
    const seen = new Set(refusals.map(({ code }) => code))
    const missing = classes.filter((code) => !seen.has(code))
    expect(missing).toEqual(classes.filter((code) => absent[vendor]?.includes(code)))
  })

  test.each(refusals)(
    '$about ($status) is $code',
    ({ status, headers = {}, body, ...expected }) => {
      const bytes = Buffer.from(JSON.stringify(body))
      const error = mapUpstreamError({ status, body: bytes, headers, model: 'asked', nowMs: 0 })
      expect(error.code).toBe(expected.code)
      expect(error.param).toBe(expected.param ?? error.param)
      if (expected.retryAfterSeconds !== undefined)
        expect(error.retryAfterSeconds).toBe(expected.retryAfterSeconds)
      expect(error.message).toContain("'asked'")
      expect(error.message).not.toMatch(/sk-abcd|https?:/)
    },
  )
})
