import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anthropicEnvelopeOf } from '../../../gateway/errors/envelope.ts'
import type { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { mapUpstreamError, retryAfterOf } from '../../../gateway/providers/upstream-error.ts'

const nowMs = Date.UTC(2026, 0, 1)

function mapped(status: number, body: unknown, headers: Record<string, string> = {}): GatewayError {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return mapUpstreamError({ status, body: Buffer.from(text), headers, model: 'qwen', nowMs })
}

describe('a status becomes the error of the catalogue', () => {
  test.each([
    [400, 'upstream_rejected', 400],
    [401, 'upstream_refused_our_key', 502],
    [402, 'upstream_refused_our_key', 502],
    [403, 'upstream_refused_our_key', 502],
    [404, 'upstream_lacks_model', 502],
    [408, 'upstream_timeout', 504],
    [413, 'upstream_rejected', 413],
    [422, 'upstream_rejected', 422],
    [429, 'upstream_rate_limited', 429],
    [500, 'upstream_failed', 502],
    [503, 'upstream_failed', 502],
    [302, 'upstream_nonsense', 502],
  ])('%i', (status, code, shown) => {
    for (const body of ['', '{}', 'null', { error: { message: 'no', code: 'c', type: 't' } }]) {
      const error = mapped(status, body)
      expect(error).toMatchObject({ code, status: shown })
      expect(error.message).toMatch(/^The server behind model 'qwen'/)
    }
  })
})

describe('what the upstream said survives', () => {
  test('in the words of OpenAI', () => {
    const said = {
      message: 'Too long: 5000 tokens',
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    }
    expect(mapped(400, { error: said })).toMatchObject({
      message: "The server behind model 'qwen' rejected the request: Too long: 5000 tokens",
      param: 'messages',
      upstream: { status: 400, code: 'context_length_exceeded', type: 'invalid_request_error' },
    })
  })

  test.each([
    [
      'vLLM',
      { object: 'error', message: 'bad top_p', type: 'BadRequestError', param: 'top_p', code: 400 },
      'bad top_p',
      'top_p',
    ],
    ['Ollama', { error: 'invalid options: top_p' }, 'invalid options: top_p', undefined],
    ['FastAPI', { detail: 'bad voice' }, 'bad voice', undefined],
    [
      'FastAPI, listed',
      { detail: [{ loc: ['body', 'input', 0], msg: 'field required' }] },
      'input.0: field required',
      'input.0',
    ],
    [
      'WebUI',
      { error: 'HTTPException', detail: '', body: '', errors: 'Sampler not found' },
      'Sampler not found',
      undefined,
    ],
    ['a list', [{ error: { message: 'bad key order' } }], 'bad key order', undefined],
    ['plain text', 'too many\n  pixels', 'too many pixels', undefined],
  ])('in the words of %s', (_who, body, message, param) => {
    const error = mapped(400, body)
    expect(error.message).toBe(`The server behind model 'qwen' rejected the request: ${message}`)
    expect(error.param).toBe(param)
  })

  test.each([
    '<html><title>502</title></html>',
    '{"error": {"message": "cut of',
    '{"unknown": "shape"}',
    '[]',
    '\0',
  ])('and what nobody can read is left out: %j', (body) => {
    expect(mapped(500, body).message).toBe(
      "The server behind model 'qwen' failed with status 500. Try again, or look at its log.",
    )
  })

  test('but is bounded', () => {
    expect(mapped(400, 'x '.repeat(100_000)).message.length).toBeLessThan(600)
    const longWord = mapped(400, {
      error: { message: 'no', code: 'c'.repeat(5000), param: 'p'.repeat(5000) },
    })
    expect(longWord.upstream?.code).toBeUndefined()
    expect(longWord.param).toBeUndefined()
  })
})

test('the log learns what the caller is spared', () => {
  const error = mapped(401, {
    error: { message: 'Expired', code: 'invalid_api_key', type: 'auth' },
  })
  expect(error.cause).toBe('status 401, invalid_api_key, auth, Expired')
})

describe('no address and no key shows', () => {
  test.each([
    'http://10.0.0.7:11434/api/chat',
    'https://internal.example.com/v1?key=abc',
    'postgres://user:pw@db/x',
    '10.0.0.7:11434',
    '192.168.1.20',
    'ollama.ai.svc.cluster.local',
    'gpu-box:11434',
    'localhost:8000',
    '[::1]:11434',
    'api.openai.com',
    'sk-proj-abcdefghijklmnop',
    'gsk_abcdef1234567890',
    'hf_abcdefGHIJKL',
    'Bearer abc.def-ghi',
    'AIzaSyA1234567890abcdef',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
    '0123456789abcdef0123456789abcdef',
    'api_key=hunter2hunter2',
    '"api-key": "hunter2hunter2"',
  ])('%s', (secret) => {
    const shapes = [
      `failed at ${secret} today`,
      { error: `x ${secret}` },
      { error: { message: secret, code: secret, type: secret, param: secret } },
    ]
    for (const status of [400, 404, 429, 500]) {
      for (const body of shapes) {
        const { message, param, upstream } = mapped(status, body)
        const shown = JSON.stringify({ message, param, upstream })
        const hidden = secret.replace(/^(Bearer |api_key=|"api-key": )/, '').replaceAll('"', '')
        expect(shown).not.toContain(hidden)
      }
    }
  })

  test('not even a key that looks like nothing', () => {
    const error = mapUpstreamError({
      status: 500,
      body: Buffer.from('key my-local-word was wrong'),
      headers: {},
      model: 'qwen',
      nowMs,
      secrets: ['my-local-word'],
    })
    expect(error.message).toContain('key [key] was wrong')
  })

  test.each([
    'Unexpected token: }',
    "model 'llama3.2:70b' is busy",
    'max_tokens: 4096 is above 2048',
    'temperature must be <= 2.0',
  ])('and plain words stay: %s', (words) => {
    expect(mapped(400, { error: words }).message).toContain(words)
  })

  test('nor what it says about our key', () => {
    const error = mapped(401, {
      error: { message: 'Incorrect API key provided: abcd', code: 'invalid_api_key' },
    })
    expect(error.message).not.toContain('abcd')
    expect(error.upstream).toBeUndefined()
  })
})

test('an account without credit is no fault of the caller', () => {
  expect(mapped(402, { error: { message: 'Insufficient Balance' } }).message).toContain(
    'out of credit',
  )
})

test.each(['model "qwen3:8b" not found, try pulling it first', "model 'qwen3:8b' not found"])(
  'a model that Ollama lacks comes with the command: %s',
  (error) => {
    expect(mapped(404, { error }).message).toContain('`ollama pull qwen3:8b`')
  },
)

test.each([404, 409])(
  'a conversation that Anthropic does not hold (%i) is said as it was',
  (status) => {
    const details = { error_code: 'thread_not_found', other: 'https://inner' }
    const body = { type: 'error', error: { type: 'not_found_error', message: 'Gone.', details } }
    const error = mapped(status, body)
    expect(error).toMatchObject({ code: 'upstream_rejected', status })
    expect(anthropicEnvelopeOf(error)).toMatchObject({
      type: 'error',
      error: { details: { error_code: 'thread_not_found' } },
    })
    expect(JSON.stringify(anthropicEnvelopeOf(error))).not.toContain('inner')
  },
)

test('the public name of a model is not an address', () => {
  const error = mapped(400, {
    error: 'registry.ollama.ai/library/smollm2:latest does not support tools',
  })
  expect(error.message).toMatch(/: smollm2:latest does not support tools$/)
})

describe('Retry-After', () => {
  test.each([
    [{ 'retry-after': '7' }, 7],
    [{ 'Retry-After': '7.2' }, 8],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:30 GMT' }, 0],
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 2],
    [{ 'retry-after': '99999999' }, 86_400],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ])('%j', (headers, seconds) => {
    expect(retryAfterOf(headers, nowMs)).toBe(seconds)
    expect(mapped(429, '', headers).retryAfterSeconds).toBe(seconds)
  })

  test('a repeated header counts once', () => {
    expect(retryAfterOf({ 'retry-after': ['3', '4'] }, nowMs)).toBe(3)
  })
})

test('any body at all is an error of ours', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 300, max: 599 }),
      fc.oneof(fc.json(), fc.string()),
      (status, body) => {
        expect(mapped(status, body)).toMatchObject({ name: 'GatewayError' })
      },
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (body) => {
      expect(
        mapUpstreamError({ status: 500, body, headers: {}, model: 'm', nowMs }).message,
      ).toMatch(/^The server/)
    }),
  )
})
