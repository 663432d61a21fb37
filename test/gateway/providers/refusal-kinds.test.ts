import { describe, expect, test } from 'vitest'

import type { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { envelopeOf } from '../../../gateway/errors/envelope.ts'
import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'

const mapped = (status: number, body: unknown): GatewayError =>
  mapUpstreamError({
    status,
    body: Buffer.from(JSON.stringify(body)),
    headers: {},
    model: 'qwen',
    nowMs: 0,
  })

const error = (message: string, more: Record<string, unknown> = {}) => ({
  error: { message, type: 'invalid_request_error', ...more },
})

describe('a prompt that is too long is recognised as', () => {
  test.each([
    [
      'OpenAI',
      400,
      error(
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 5012 tokens. Please reduce the length of the messages.",
        { param: 'messages', code: 'context_length_exceeded' },
      ),
    ],
    [
      'OpenAI, responses',
      400,
      error('Your input exceeds the context window of this model.', { code: null }),
    ],
    [
      'vLLM',
      400,
      {
        object: 'error',
        message:
          "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens (2900 in the messages, 100 in the completion).",
        type: 'BadRequestError',
        param: null,
        code: 400,
      },
    ],
    [
      'vLLM, newer',
      400,
      error(
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 2048 tokens and your request has 12 input tokens (5000 > 2048 - 12).",
        { code: 400 },
      ),
    ],
    [
      'vLLM, by the model length',
      400,
      error(
        'The decoder prompt (length 3000) is longer than the maximum model length of 2048. Make sure that `max_model_len` is no smaller than the number of text tokens.',
      ),
    ],
    [
      'SGLang',
      400,
      {
        object: 'error',
        message: "The input (3000 tokens) is longer than the model's context length (2048 tokens).",
        type: 'BadRequestError',
        code: 400,
      },
    ],
    [
      'llama.cpp',
      400,
      {
        error: {
          code: 400,
          message:
            'request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 5012,
          n_ctx: 4096,
        },
      },
    ],
    [
      'llama.cpp, older',
      400,
      {
        error: {
          code: 400,
          message:
            'the request exceeds the available context size. try increasing the context size or enable context shift',
          type: 'invalid_request_error',
        },
      },
    ],
    [
      'llama.cpp, embeddings',
      500,
      {
        error: {
          code: 500,
          message: 'input is too large to process. increase the physical batch size',
          type: 'server_error',
        },
      },
    ],
    ['Ollama', 400, { error: 'the input length exceeds the context length' }],
    ['Ollama, older', 500, { error: 'input length exceeds maximum context length' }],
    [
      'LM Studio',
      400,
      {
        error:
          'Trying to keep the first 5012 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input',
      },
    ],
    [
      'TGI',
      422,
      {
        error:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2000 `inputs` tokens and 100 `max_new_tokens`',
        error_type: 'validation',
      },
    ],
    [
      'TEI',
      413,
      {
        error: 'Input validation error: `inputs` must have less than 512 tokens. Given: 600',
        error_type: 'Validation',
      },
    ],
    [
      'Mistral',
      400,
      {
        object: 'error',
        message:
          'Prompt contains 40012 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_invalid_args',
        param: null,
        code: '3051',
      },
    ],
    [
      'Groq',
      400,
      error('Please reduce the length of the messages or completion.', {
        code: 'context_length_exceeded',
        param: 'messages',
      }),
    ],
    [
      'Groq, by the minute',
      413,
      error(
        'Request too large for model `llama-3.1-8b-instant` in organization `org_1` on tokens per minute (TPM): Limit 6000, Requested 9012, please reduce your message size and try again.',
        { type: 'tokens', code: 'rate_limit_exceeded' },
      ),
    ],
    [
      'Anthropic',
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'prompt is too long: 210012 tokens > 200000 maximum',
        },
      },
    ],
    [
      'Anthropic, with its answer',
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message:
            'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
        },
      },
    ],
    [
      'Gemini',
      400,
      [
        {
          error: {
            code: 400,
            message:
              'The input token count (1200012) exceeds the maximum number of tokens allowed (1048576).',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
    ],
    [
      'Cohere',
      400,
      {
        message:
          'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5012.',
      },
    ],
    [
      'OpenRouter',
      400,
      error(
        "This endpoint's maximum context length is 4096 tokens. However, you requested about 5012 tokens (5000 of text input, 12 in the output). Please reduce the length of either one.",
        { code: 400 },
      ),
    ],
    [
      'OpenRouter, passed on',
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: {
            raw: '{"error":{"message":"Your input is longer than we like","code":"context_length_exceeded"}}',
            provider_name: 'Azure',
          },
        },
      },
    ],
    [
      'xAI',
      400,
      {
        code: 'Client specified an invalid argument',
        error:
          "This model's maximum prompt length is 131072 but the request contains 150012 tokens.",
      },
    ],
    ['Moonshot', 400, error('Invalid request: Your request exceeded model token limit: 8192')],
  ])('that of %s', (_who, status, body) => {
    expect(mapped(status, body)).toMatchObject({
      code: 'context_length_exceeded',
      status: status === 500 ? 400 : status,
      kind: { hurts: false },
    })
  })
})

describe('a prompt that is forbidden is recognised as', () => {
  test.each([
    [
      'OpenAI, images',
      400,
      error('Your request was rejected as a result of our safety system.', {
        code: 'content_policy_violation',
      }),
    ],
    [
      'OpenAI, gpt-image',
      400,
      error('Your request was rejected by the safety system.', {
        type: 'image_generation_user_error',
        code: 'moderation_blocked',
      }),
    ],
    [
      'OpenAI, reasoning',
      400,
      error('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', {
        code: 'invalid_prompt',
      }),
    ],
    [
      'Azure',
      400,
      {
        error: {
          message:
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
          type: null,
          param: 'prompt',
          code: 'content_filter',
          status: 400,
          innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} },
        },
      },
    ],
    [
      'Azure, only inside',
      400,
      {
        error: {
          message: 'No.',
          code: '400',
          innererror: { code: 'ResponsibleAIPolicyViolation' },
        },
      },
    ],
    [
      'Anthropic',
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'Output blocked by content filtering policy',
        },
      },
    ],
    [
      'OpenRouter',
      403,
      {
        error: {
          code: 403,
          message: 'gpt-4o requires moderation on OpenAI. Your input was flagged for "violence".',
          metadata: { reasons: ['violence'], flagged_input: 'x', provider_name: 'OpenAI' },
        },
      },
    ],
    [
      'xAI',
      403,
      { code: 'The caller does not have permission', error: 'Content violates usage guidelines.' },
    ],
    ['DeepSeek', 400, error('Content Exists Risk')],
    [
      'DashScope',
      400,
      error('Input data may contain inappropriate content.', { code: 'data_inspection_failed' }),
    ],
    [
      'Moonshot',
      400,
      error('The request was rejected because it was considered high risk', {
        type: 'content_filter',
      }),
    ],
    [
      'Vertex',
      400,
      {
        error: {
          code: 400,
          message:
            "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices.",
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
  ])('that of %s', (_who, status, body) => {
    expect(mapped(status, body)).toMatchObject({
      code: 'content_policy_violation',
      status: 400,
      kind: { hurts: false },
    })
  })
})

describe('nothing else is', () => {
  test.each([
    [400, error("'temperature' must be at most 2"), 'upstream_rejected'],
    [400, error('max_tokens must be at least 1', { param: 'max_tokens' }), 'upstream_rejected'],
    [
      413,
      {
        type: 'error',
        error: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
      },
      'upstream_rejected',
    ],
    [403, error('Your account has no access to this model'), 'upstream_refused_our_key'],
    [402, error('Insufficient credits'), 'upstream_refused_our_key'],
    [
      429,
      error("This model's maximum context length is 5", { code: 'context_length_exceeded' }),
      'upstream_rate_limited',
    ],
    [401, error('no', { code: 'content_policy_violation' }), 'upstream_refused_our_key'],
    [500, error('CUDA out of memory'), 'upstream_failed'],
    [503, error('Loading model'), 'upstream_failed'],
  ] as const)('%i %j', (status, body, code) => {
    expect(mapped(status, body).code).toBe(code)
  })
})

test('its own code, type and param survive, and a code that is but a number does not', () => {
  const own = mapped(
    400,
    error('too long', { code: 'context_length_exceeded', type: 't', param: 'p' }),
  )
  expect(envelopeOf(own).error).toMatchObject({
    code: 'context_length_exceeded',
    type: 't',
    param: 'p',
  })
  const filtered = mapped(400, error('no', { code: 'content_filter' }))
  expect(envelopeOf(filtered).error.code).toBe('content_filter')
  const numbered = mapped(400, error('prompt is too long', { code: 400 }))
  expect(envelopeOf(numbered).error.code).toBe('context_length_exceeded')
})

test('what a passed-on error says reaches the caller, without its secrets', () => {
  const raw = '{"error":{"message":"bad top_p at https://internal.example.com/x"}}'
  const { message } = mapped(400, error('Provider returned error', { metadata: { raw } }))
  expect(message).toContain('bad top_p at [address]')
})

test('the status an upstream answered is known, whatever the caller is shown', () => {
  expect([503, 401, 400, 429].map((status) => mapped(status, {}).answeredStatus)).toEqual([
    503, 401, 400, 429,
  ])
})
