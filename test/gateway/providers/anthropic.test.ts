import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anthropic } from '../../../gateway/providers/anthropic.ts'
import { mapUpstreamError } from '../../../gateway/providers/upstream-error.ts'
import type { DeploymentParams } from '../../../modules/module.ts'
import { eventsOf, translated } from './event-stream.ts'
import { requestFor, targetFor, translationOf, type Fixture } from './run-fixture.ts'

const chat = translationOf(anthropic, 'chat-completions')
const messages = [{ role: 'user', content: 'Hi' }]

function body(
  fields: Record<string, unknown>,
  model = 'claude-sonnet-4-5',
  params: Partial<DeploymentParams> = {},
): unknown {
  const request = requestFor({ endpoint: 'chat-completions', fields: { messages, ...fields } })
  return chat.toUpstream(request, targetFor(model, params)).body
}

describe('the maximum', () => {
  test('is the one of the model where its entry names one', () => {
    const request = requestFor({ endpoint: 'chat-completions', fields: { messages } })
    const target = { ...targetFor('claude-opus-4-5'), info: { max_output_tokens: 64_000 } }
    expect(chat.toUpstream(request, target).body).toMatchObject({ max_tokens: 64_000 })
    const thinking = requestFor({
      endpoint: 'chat-completions',
      fields: { messages, reasoning_effort: 'max' },
    })
    const small = { ...target, info: { max_output_tokens: 8_192 } }
    expect(chat.toUpstream(thinking, small).body).toMatchObject({
      max_tokens: 8_192,
      thinking: { budget_tokens: 8_191 },
    })
  })

  test('leaves room for the answer behind the thoughts', () => {
    const thinking = { type: 'enabled', budget_tokens: 10_000 }
    expect(body({ thinking })).toMatchObject({ max_tokens: 14_096, thinking })
    expect(body({ reasoning_effort: 'max' }, 'claude-opus-4-6')).toMatchObject({
      max_tokens: 20_480,
      thinking: { type: 'adaptive' },
      output_config: { effort: 'max' },
    })
  })

  test('that is too small for thoughts goes before a wish for them', () => {
    expect(body({ reasoning_effort: 'high', max_tokens: 3_000 })).toMatchObject({
      thinking: { budget_tokens: 2_999 },
    })
    expect(body({ reasoning_effort: 'high', max_tokens: 1_024 })).not.toHaveProperty('thinking')
  })
})

describe('effort', () => {
  const shownThoughts = {
    thinking: { type: 'adaptive', display: 'summarized' },
    output_config: { effort: 'high' },
  }
  test.each<[string, object]>([
    ['claude-3-7-sonnet-20250219', { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['claude-sonnet-4-20250514', { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['claude-haiku-4-5-20251001', { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['kimi-k2', { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['claude-opus-4.6', { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-opus-4-7', shownThoughts],
    ['claude-sonnet-5', shownThoughts],
    ['claude-mythos-preview', shownThoughts],
    ['claude-opus-latest', shownThoughts],
  ])('of %s', (model, expected) => {
    expect(body({ reasoning_effort: 'high' }, model)).toMatchObject(expected)
  })

  test('that a model has no word for is the nearest', () => {
    expect(body({ reasoning_effort: 'xhigh' }, 'claude-opus-4-6')).toMatchObject({
      output_config: { effort: 'high' },
    })
    expect(body({ reasoning_effort: 'none' }, 'claude-fable-5')).toMatchObject({
      output_config: { effort: 'low' },
    })
    expect(body({ reasoning_effort: 'none' })).not.toHaveProperty('thinking')
    expect(body({ reasoning_effort: 'high' }, 'claude-3-5-haiku-20241022')).toEqual(
      body({}, 'claude-3-5-haiku-20241022'),
    )
  })

  test('gives way to a tool that must be called', () => {
    const tools = [{ type: 'function', function: { name: 'look' } }]
    const forced = { reasoning_effort: 'low', tools, tool_choice: 'required' }
    expect(body(forced)).not.toHaveProperty('thinking')
    expect(body(forced, 'claude-opus-4-6')).toMatchObject({ output_config: { effort: 'low' } })
    expect(body(forced, 'claude-opus-4-6')).not.toHaveProperty('thinking')
  })
})

test('with modify_params a demand to think is dropped where the thoughts before a call are lost', () => {
  const call = { id: '1', type: 'function', function: { name: 'look', arguments: '{}' } }
  const fields = {
    messages: [
      ...messages,
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', tool_call_id: '1', content: 'seen' },
    ],
    thinking: { type: 'enabled', budget_tokens: 2_000 },
  }
  expect(body(fields)).toHaveProperty('thinking')
  expect(body(fields, undefined, { modifyParams: true })).not.toHaveProperty('thinking')
})

describe('JSON', () => {
  const point = { type: 'object', properties: { x: { type: 'number' } } }
  const response_format = { type: 'json_schema', json_schema: { name: 'p', schema: point } }

  test('by a schema is a tool at older models, words where they think', () => {
    expect(body({ response_format }, 'claude-opus-4-1-20250805')).toMatchObject({
      tools: [{ name: 'json_answer', input_schema: point }],
      tool_choice: { type: 'tool', name: 'json_answer' },
    })
    const thinking = body({ response_format, reasoning_effort: 'low' }, 'claude-sonnet-4-20250514')
    expect(thinking).not.toHaveProperty('tools')
    expect(thinking).toMatchObject({
      system: [{ text: expect.stringContaining(JSON.stringify(point)) }],
    })
  })

  test('that is no object is asked for in words', () => {
    const schema = { type: 'array', items: { type: 'string' } }
    const list = { type: 'json_schema', json_schema: { name: 'l', schema } }
    expect(body({ response_format: list }, 'qwen')).toMatchObject({
      system: [{ text: expect.stringMatching(/^Answer with one JSON value alone/) }],
    })
  })

  test('is not forced upon a model that takes no demands', () => {
    expect(body({ response_format: { type: 'json_object' } }, 'claude-sonnet-5-5')).toMatchObject({
      system: [{ text: expect.stringMatching(/^Answer with one JSON object alone/) }],
    })
  })
})

describe('what cannot be said', () => {
  test.each([
    ['n', 2],
    ['seed', 7],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -1],
    ['logit_bias', { 5: 1 }],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['audio', {}],
    ['modalities', ['text', 'audio']],
    ['prediction', {}],
    ['functions', []],
    ['function_call', 'auto'],
    ['temperature', 1.2],
  ])('%s is refused, or left out', (param, value) => {
    expect(() => body({ [param]: value })).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param }),
    )
    const left = body({ [param]: value }, undefined, { dropParams: true })
    expect(left).toEqual(
      param === 'temperature' ? { ...Object(body({})), temperature: 1 } : body({}),
    )
  })

  test.each([
    ['messages', []],
    ['messages', [{ role: 'function', content: 'x' }]],
    ['messages', [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }]],
    ['messages', [{ role: 'user', content: [{ type: 'image_url', image_url: 'aGk=' }] }]],
    ['messages', [{ role: 'user', content: [{ type: 'file', file: {} }] }]],
    [
      'messages',
      [{ role: 'user', content: [{ type: 'file', file: { file_data: 'data:a/b;base64,aGk=' } }] }],
    ],
    ['messages', [{ role: 'tool', content: 'x' }]],
    ['messages', [{ role: 'assistant', tool_calls: [{ id: '1', function: {} }] }]],
    [
      'messages',
      [{ role: 'assistant', tool_calls: [{ id: '1', function: { name: 'f', arguments: '[' } }] }],
    ],
    ['max_tokens', 1.5],
    ['stop', [1]],
    ['tools', [{ type: 'retrieval' }]],
    ['tool_choice', 'always'],
    ['reasoning_effort', 'much'],
    ['thinking', { type: 'enabled' }],
    ['response_format', { type: 'grammar' }],
    ['service_tier', 'flex'],
  ])('%s %j names the place', (param, value) => {
    expect(() => body({ [param]: value })).toThrow(
      expect.objectContaining({ param: expect.stringContaining(param), status: 400 }),
    )
  })
})

test.each([
  [{ user: 'a@b.example' }, undefined],
  [{ user: '+49 30 1234567' }, undefined],
  [{ user: 'u1', safety_identifier: 'hash' }, { user_id: 'hash' }],
])('who asks is told as an opaque id alone: %j', (fields, metadata) => {
  expect(body(fields)).toEqual(expect.objectContaining(metadata ? { metadata } : {}))
  if (!metadata) expect(body(fields)).not.toHaveProperty('metadata')
})

test('what was answered can be sent back as it is', () => {
  const blocks = [
    { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'eA==' },
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: { x: [1, null] } } },
  ]
  const request = requestFor({ endpoint: 'chat-completions', fields: {} })
  const answer = JSON.parse(JSON.stringify(chat.toAnswer({ content: blocks }, request)))
  expect(body({ messages: [...messages, answer.choices[0].message] })).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant', content: blocks }],
  })
})

describe('a stream', () => {
  const folder = new URL('../../fixtures/anthropic/', import.meta.url)
  const fixtures = readdirSync(folder)
    .filter((file) => /^stream-(tools|thinking|refusal)\.json$/.test(file))
    .map((file): [string, Fixture] => [
      file,
      JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
    ])
  const create = (fields: Record<string, unknown>) => {
    const made = chat.stream?.create(
      requestFor({ endpoint: 'chat-completions', isStream: true, fields }),
    )
    if (!made) throw new Error('no stream')
    return made
  }

  test.each(fixtures)('%s is the same wherever the network cuts it', (_, { request, events }) => {
    const bytes = Buffer.from(eventsOf(events ?? [], true))
    const whole = translated([bytes], create(request.fields))
    expect(whole.length).toBeGreaterThan(2)
    for (let at = 1; at < bytes.length; at += 1) {
      const translator = create(request.fields)
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)]
      expect(translated(pieces, translator)).toEqual(whole)
      expect(translator.isDone).toBe(true)
    }
  })

  test('that is cut is not done, and tells what it has used', () => {
    const translator = create({})
    translator.onEvent({ type: 'message_start', message: { usage: { input_tokens: 7 } } })
    translator.onEvent({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } })
    expect(translator.isDone).toBe(false)
    expect(translator.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 0 })
  })

  test('of any events in any order ends in whole calls', () => {
    const delta = fc.constantFrom(
      { type: 'text_delta', text: 'a' },
      { type: 'thinking_delta', thinking: 'b' },
      { type: 'signature_delta', signature: 'c' },
    )
    const index = fc.nat({ max: 3 })
    const event = fc.oneof(
      fc.constant({ type: 'ping' }),
      fc.record({ type: fc.constant('content_block_delta'), index, delta }),
      fc.record({
        type: fc.constant('content_block_start'),
        index,
        content_block: fc.constant({ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }),
      }),
      fc.record({ type: fc.constant('content_block_stop'), index }),
      fc.constant({ type: 'message_delta', delta: {}, usage: { output_tokens: 1 } }),
    )
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const translator = create({})
        const said = [...events, { type: 'message_stop' }].flatMap((one) => translator.onEvent(one))
        const starts = events.filter(({ type }) => type === 'content_block_start').length
        const ids = JSON.stringify(said).match(/"id":"t"/g) ?? []
        expect(ids).toHaveLength(starts)
        expect(JSON.stringify(said.at(-1))).toContain(starts > 0 ? '"tool_calls"' : '"stop"')
      }),
    )
  })
})

describe('an error', () => {
  test.each([
    [400, 'invalid_request_error', 'max_tokens: too large', 'upstream_rejected', 400],
    [400, 'invalid_request_error', 'prompt is too long', 'context_length_exceeded', 400],
    [401, 'authentication_error', 'invalid x-api-key', 'upstream_refused_our_key', 502],
    [402, 'billing_error', 'no credit', 'upstream_refused_our_key', 502],
    [403, 'permission_error', 'not yours', 'upstream_refused_our_key', 502],
    [404, 'not_found_error', 'model: claude-x', 'upstream_lacks_model', 502],
    [413, 'request_too_large', 'too large', 'upstream_rejected', 413],
    [429, 'rate_limit_error', 'slow down', 'upstream_rate_limited', 429],
    [500, 'api_error', 'Internal server error', 'upstream_failed', 502],
    [529, 'overloaded_error', 'Overloaded', 'upstream_failed', 502],
  ])(
    '%i %s is one of ours, as an answer and within a stream',
    (status, type, said, code, shown) => {
      const answer = { type: 'error', error: { type, message: said }, request_id: 'req_1' }
      const failed = Buffer.from(JSON.stringify(answer))
      expect(
        mapUpstreamError({ status, body: failed, headers: {}, model: 'm', nowMs: 0 }),
      ).toMatchObject({ code, status: shown })
      const request = requestFor({ endpoint: 'chat-completions', isStream: true })
      expect(() => chat.stream?.create(request).onEvent(answer)).toThrow(
        expect.objectContaining({ code, status: shown }),
      )
    },
  )
})
