import Anthropic from '@anthropic-ai/sdk'
import * as fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { countTokens, messagesDialect } from '../../../gateway/dialects/messages.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { anthropic } from '../../../gateway/providers/anthropic.ts'
import { requestFor, targetFor, translationOf } from '../providers/run-fixture.ts'

const { toChat, toAnswer, createStream } = messagesDialect
const asked = { model: 'asked', fields: {}, answerId: 'msg_1' }
const messages = [{ role: 'user' as const, content: 'Hi' }]

/** What the official client makes of a stream. */
async function accumulated(events: string): Promise<Anthropic.Message> {
  const client = new Anthropic({
    apiKey: 'none',
    fetch: () =>
      Promise.resolve(new Response(events, { headers: { 'content-type': 'text/event-stream' } })),
  })
  return client.messages.stream({ model: 'asked', max_tokens: 9, messages }).finalMessage()
}

/** All the events for some chunks. */
function eventsFor(chunks: readonly unknown[]): string {
  const stream = createStream(asked)
  return [...chunks.map((chunk) => stream.onChunk(chunk)), stream.end()].join('')
}

interface Recorded {
  readonly request: { readonly fields: Record<string, unknown> }
  readonly answer?: { readonly content: readonly unknown[]; readonly stop_reason: string }
  readonly events?: readonly { readonly type: string }[]
}

function recorded(provider: string, pattern: RegExp): readonly (readonly [string, Recorded])[] {
  const folder = new URL(`../../fixtures/${provider}/`, import.meta.url)
  return readdirSync(folder)
    .filter((file) => pattern.test(file))
    .map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))] as const)
}

describe('over a model of Anthropic, there and back', () => {
  const chat = translationOf(anthropic, 'chat-completions')
  const request = requestFor({ endpoint: 'chat-completions', isStream: true, fields: {} })

  test.each(recorded('anthropic', /^stream-(tools|thinking|plain|empty)\.json$/))(
    '%s is the message that the client makes of the recorded events themselves',
    async (_, { events = [] }) => {
      const translator = chat.stream?.create({
        ...request,
        fields: { stream_options: { include_usage: true } },
      })
      const chunks = events.flatMap((event) => translator?.onEvent(event) ?? [])
      const back = await accumulated(eventsFor(chunks))
      const isSaid = ({ type }: { type: string }): boolean => !/server_tool|web_search/.test(type)
      const own = await accumulated(
        events.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join(''),
      )
      const content = own.content.filter(isSaid).filter(hasWords)
      expect(back.content.filter(hasWords)).toEqual(content)
      expect(back.stop_reason).toBe(
        own.stop_reason === 'stop_sequence' ? 'end_turn' : own.stop_reason,
      )
      const { input_tokens, output_tokens, cache_read_input_tokens } = own.usage
      expect(back.usage).toMatchObject({ input_tokens, output_tokens, cache_read_input_tokens })
    },
  )

  test.each(recorded('anthropic', /^(chat|tools-named|thinking)\.json$/))(
    '%s: the answer',
    (_, { answer }) => {
      const back = toAnswer(chat.toAnswer(answer, request), asked)
      const content = answer?.content.filter(
        (block) => !/"(server_tool|web_)/.test(JSON.stringify(block)),
      )
      expect(JSON.parse(JSON.stringify(back))).toMatchObject({
        content,
        stop_reason: answer?.stop_reason,
      })
    },
  )

  test('the request', () => {
    const text = (words: string) => ({ type: 'text', text: words })
    const cached = { ...text('Be brief.'), cache_control: { type: 'ephemeral' } }
    const own = {
      max_tokens: 500,
      system: [cached],
      messages: [
        { role: 'user', content: [text('Weather?')] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
            text('Let me look.'),
            { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: [1] } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [text('Sunny')] },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
            text('And this?'),
          ],
        },
      ],
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object' } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
      temperature: 0.5,
      top_k: 3,
    }
    const fields = toChat(own, { takesCacheMarks: true })
    const { body } = chat.toUpstream(
      { ...request, isStream: false, fields },
      targetFor('claude-opus-4-5'),
    )
    expect(body).toEqual({ ...own, model: 'claude-opus-4-5' })
  })
})

function hasWords(block: Anthropic.ContentBlock): boolean {
  return block.type !== 'text' || block.text !== ''
}

describe('a stream', () => {
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  })
  const calling = (index: number, written: string, name?: string) =>
    chunk({
      tool_calls: [
        { index, ...(name && { id: `call_${index}` }), function: { name, arguments: written } },
      ],
    })

  test.each(recorded('messages', /^stream.*(?<!golden)\.json$/))(
    '%s: every block begins, goes on and ends before the next',
    async (_, fixture) => {
      const { chunks } = Object.assign({ chunks: [] }, fixture)
      const events = eventsFor(chunks)
      expect(inOrder(events)).toBe(true)
      await expect(accumulated(events)).resolves.toMatchObject({ role: 'assistant' })
    },
  )

  test('says nothing behind its end', () => {
    const stream = createStream(asked)
    stream.onChunk(chunk({ content: 'a' }, 'stop'))
    expect(stream.end()).toContain('message_stop')
    expect(stream.end() + stream.onChunk(chunk({ content: 'b' }))).toBe('')
  })

  test('of arguments in turns is live for the first call, and right for all', async () => {
    const stream = createStream(asked)
    const first = stream.onChunk(calling(0, '{"a"', 'f')) + stream.onChunk(calling(1, '{', 'g'))
    expect(first).toContain('"partial_json":"{\\"a\\""')
    expect(first).not.toContain('"g"')
    const rest = [
      calling(0, ':1}'),
      calling(1, '"b":2}'),
      calling(2, '', 'h'),
      chunk({}, 'tool_calls'),
    ]
    const events = first + rest.map((one) => stream.onChunk(one)).join('') + stream.end()
    expect(inOrder(events)).toBe(true)
    expect((await accumulated(events)).content).toMatchObject([
      { name: 'f', input: { a: 1 } },
      { name: 'g', input: { b: 2 } },
      { name: 'h', input: {} },
    ])
  })

  test('that adds to a call behind its end is nonsense', () => {
    const stream = createStream(asked)
    stream.onChunk(calling(0, '{}', 'f'))
    stream.onChunk(calling(1, '{', 'g'))
    expect(stream.onChunk(calling(0, ' '))).toBe('')
    expect(() => stream.onChunk(calling(0, '}'))).toThrow(
      expect.objectContaining({ code: 'upstream_nonsense' }),
    )
  })

  test('of any pieces in any order is a message', async () => {
    const piece = fc.oneof(
      fc.record({ content: fc.constantFrom('a', '', 'b') }),
      fc.record({ reasoning_content: fc.constantFrom('c', '') }),
      fc.record({
        thinking_blocks: fc.constantFrom(
          [{ type: 'thinking', thinking: 'd', signature: 's' }],
          [{ type: 'redacted_thinking', data: 'e' }],
        ),
      }),
    )
    const calls = fc.array(fc.constantFrom('{"x":1}', '{}', ''), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(fc.array(piece), calls, fc.boolean(), async (pieces, written, isTurned) => {
        const whole = written.map((text, index) => calling(index, text, `f${index}`))
        const halves = [
          ...written.map((text, index) => calling(index, text.slice(0, 3), `f${index}`)),
          ...written.map((text, index) => calling(index, text.slice(3))),
        ]
        const chunks = [
          ...pieces.map((one) => chunk(one)),
          ...(isTurned ? halves : whole),
          chunk({}, 'stop'),
        ]
        const events = eventsFor(chunks)
        expect(inOrder(events)).toBe(true)
        const { content } = await accumulated(events)
        const said = pieces.map((one) => ('content' in one ? one.content : '')).join('')
        const texts = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
        expect(texts).toBe(said)
        const inputs = content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : []))
        expect(inputs).toEqual(written.map((text) => JSON.parse(text || '{}')))
      }),
      { numRuns: 60 },
    )
  })
})

/** As Anthropic documents it: start, blocks one after the other and numbered in a row, delta, stop. */
function inOrder(events: string): boolean {
  const said = events
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
      const { type, index } = JSON.parse(data)
      if (type !== name) return 'misnamed'
      return index === undefined ? type : `${type} ${index}`
    })
    .join(',')
  const blocks = said.match(/content_block_start \d+/g) ?? []
  const inner = blocks
    .map(
      (_, at) =>
        `content_block_start ${at},(?:content_block_delta ${at},)*content_block_stop ${at},`,
    )
    .join('')
  return new RegExp(`^message_start,${inner}message_delta,message_stop$`).test(said)
}

describe('what cannot be asked names the place', () => {
  test.each([
    ['messages', { messages: [] }],
    ['messages', { messages: 'Hi' }],
    ['messages[0]', { messages: [7] }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ type: 'video' }] }] }],
    [
      'messages[0].content[0].source.type',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file' } }] }] },
    ],
    [
      'messages[0].content[0].tool_use_id',
      { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
    ],
    ['system[0].text', { messages, system: [{ type: 'text' }] }],
    ['tools[0].type', { messages, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['tools[0].input_schema', { messages, tools: [{ name: 'f' }] }],
    ['tool_choice.type', { messages, tools: [{ name: 'f', input_schema: {} }], tool_choice: {} }],
    ['stop_sequences', { messages, stop_sequences: 'END' }],
    ['thinking.budget_tokens', { messages, thinking: { type: 'enabled' } }],
    ['output_config.effort', { messages, output_config: { effort: 'much' } }],
    ['output_config.format', { messages, output_config: { format: { type: 'xml' } } }],
    ['mcp_servers', { messages, mcp_servers: [{}] }],
    ['container', { messages, container: 'c' }],
  ])('%s', (param, fields) => {
    expect(() => toChat(fields)).toThrow(expect.objectContaining({ param, status: 400 }))
  })
})

test.each([{ type: 'create' }, { type: 'continue', previous_message_id: 'msg_1' }])(
  'a conversation that Anthropic would hold is refused, as its clients know it: %j',
  (thread) => {
    const ask = () => toChat({ messages, thread }, { dropsParams: true })
    expect(ask).toThrow(
      expect.objectContaining({
        param: 'thread',
        status: 400,
        anthropicDetails: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
      }),
    )
  },
)

test('with drop_params what only Anthropic has is left out', () => {
  const search = { type: 'web_search_20250305', name: 'web_search' }
  const fields = { messages, tools: [search], mcp_servers: [{}], container: 'c' }
  expect(toChat(fields, { dropsParams: true })).toEqual({ messages })
})

test.each([
  null,
  'hello',
  {},
  { choices: [] },
  { choices: [{ message: { tool_calls: {} } }] },
  { choices: [{ message: { tool_calls: [{}] } }] },
  { choices: [{ message: { tool_calls: [{ function: { name: 'f', arguments: '[1' } }] } }] },
])('an answer that is none is nonsense: %j', (answer) => {
  expect(() => toAnswer(answer, asked)).toThrow(
    expect.objectContaining({ code: 'upstream_nonsense' }),
  )
})

test('tokens are estimated from what the model is asked', () => {
  const estimate = (fields: Record<string, unknown>): number => JSON.stringify(fields).length / 4
  expect(countTokens({ messages, system: 'x'.repeat(400) }, estimate)).toEqual({
    input_tokens: expect.toSatisfy((tokens: number) => tokens > 100 && tokens < 150),
  })
  expect(countTokens({ messages }, () => 0)).toEqual({ input_tokens: 1 })
  expect(() => countTokens({}, estimate)).toThrow(expect.objectContaining({ param: 'messages' }))
})

describe('any JSON', () => {
  const words = [
    'messages',
    'role',
    'user',
    'assistant',
    'content',
    'type',
    'text',
    'image',
    'document',
    'source',
    'base64',
    'tool_use',
    'tool_result',
    'thinking',
    'tools',
    'name',
    'input_schema',
    'system',
    'choices',
    'delta',
    'message',
    'tool_calls',
    'function',
    'arguments',
    'index',
    'reasoning_content',
    'thinking_blocks',
    'signature',
    'finish_reason',
    'usage',
    '__proto__',
    'constructor',
  ]
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(...words, null, true, 0, 1.5, '', '{"a":1}'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 5 }),
    ),
  }))
  const fields = fc.dictionary(fc.constantFrom(...words), value, { maxKeys: 8 })
  const isCivil = (act: () => unknown): boolean => {
    try {
      act()
      return true
    } catch (error) {
      if (error instanceof GatewayError) return error.message.length < 1_500
      throw error
    }
  }
  const choice = fc.record({ message: value, delta: value, finish_reason: value })

  test('is translated, refused or called nonsense', () => {
    fc.assert(
      fc.property(fields, fc.oneof(value, choice), (body, said) => {
        const answer = { choices: [said] }
        return (
          isCivil(() => JSON.stringify(toChat({ messages, ...body }))) &&
          isCivil(() => toAnswer(answer, asked)) &&
          isCivil(() => toAnswer(said, asked)) &&
          isCivil(() => eventsFor([said, answer, answer]))
        )
      }),
      { numRuns: 1_000 },
    )
  })
})
