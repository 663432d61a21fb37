import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { EventRewriter, type RewriteRules } from '../../../gateway/pipeline/event-rewriter.ts'

const shown: RewriteRules = { model: 'asked', isUsageHidden: false }
const hidden: RewriteRules = { model: 'asked', isUsageHidden: true }

interface Passed {
  readonly text: string
  readonly rewriter: EventRewriter
}

function pass(chunks: readonly Buffer[], rules: RewriteRules = shown): Passed {
  const rewriter = new EventRewriter(rules)
  const out = chunks.map((chunk) => rewriter.push(Buffer.from(chunk)) ?? Buffer.alloc(0))
  out.push(rewriter.flush() ?? Buffer.alloc(0))
  return { text: Buffer.concat(out).toString(), rewriter }
}

const whole = (text: string, rules?: RewriteRules) => pass([Buffer.from(text)], rules)

/** The same bytes cut into two at every place, into single bytes, and into threes. */
function* cuts(text: string): Generator<Buffer[]> {
  const bytes = Buffer.from(text)
  for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)]
  for (const size of [1, 3, 7]) {
    yield Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, at * size + size),
    )
  }
}

const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
const chunk = (more: object) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, ...more })
const delta = (content: string, finish: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
})
const lines = (events: readonly object[], end = '\n\n') =>
  events.map((event) => `data: ${JSON.stringify(event)}${end}`).join('')
const python = (text: string) => text.replaceAll('":', '": ').replaceAll(',"', ', "')

/** Streams as different servers write them: text, and what a caller who hides usage is to see of it. */
const recorded: Record<string, { text: string; expected: string; ifHidden?: string }> = {
  'OpenAI with usage null members': {
    text: `${lines([
      chunk({ model: 'gpt', ...delta('é😀'), usage: null }),
      chunk({ model: 'gpt', ...delta('', 'stop'), usage: null }),
      chunk({ model: 'gpt', choices: [], usage }),
    ])}data: [DONE]\n\n`,
    expected: `${lines([
      chunk({ model: 'asked', ...delta('é😀'), usage: null }),
      chunk({ model: 'asked', ...delta('', 'stop'), usage: null }),
      chunk({ model: 'asked', choices: [], usage }),
    ])}data: [DONE]\n\n`,
    ifHidden: `${lines([
      chunk({ model: 'asked', ...delta('é😀') }),
      chunk({ model: 'asked', ...delta('', 'stop') }),
    ])}data: [DONE]\n\n`,
  },
  'CRLF and comments': {
    text: `: ping\r\n\r\n${lines([chunk({ model: 'gpt', ...delta('a') })], '\r\n\r\n')}: OPENROUTER PROCESSING\r\n\r\ndata: [DONE]\r\n\r\n`,
    expected: `: ping\r\n\r\n${lines([chunk({ model: 'asked', ...delta('a') })], '\r\n\r\n')}: OPENROUTER PROCESSING\r\n\r\ndata: [DONE]\r\n\r\n`,
  },
  'python spaces': {
    text: `${python(lines([chunk({ model: 'gpt', ...delta('a') }), chunk({ model: 'gpt', ...delta('b', 'stop'), usage: null })]))}data: [DONE]\n\n`,
    expected: `${python(lines([chunk({ model: 'asked', ...delta('a') }), chunk({ model: 'asked', ...delta('b', 'stop'), usage: null })]))}data: [DONE]\n\n`,
    ifHidden: `${python(lines([chunk({ model: 'asked', ...delta('a') }), chunk({ model: 'asked', ...delta('b', 'stop') })]))}data: [DONE]\n\n`,
  },
  'the model behind the choices': {
    text: lines([
      { ...chunk(delta('a')), model: 'gpt' },
      { ...chunk(delta('"model":"x"', 'stop')), model: 'gpt' },
    ]),
    expected: lines([
      { ...chunk(delta('a')), model: 'asked' },
      { ...chunk(delta('"model":"x"', 'stop')), model: 'asked' },
    ]),
  },
  'no space behind data, no [DONE], no last empty line': {
    text: `data:{"model":"gpt","choices":[]}\n\ndata:{"model":"gpt","choices":[{"finish_reason":"stop"}]}`,
    expected: `data:{"model":"asked","choices":[]}\n\ndata:{"model":"asked","choices":[{"finish_reason":"stop"}]}\n\n`,
  },
  'events with names': {
    text: `event: response.created\ndata: {"type":"response.created","response":{"id":"r","model":"gpt"}}\n\nevent: response.completed\ndata: {"type":"response.completed","response":{"id":"r","model":"gpt","usage":{"input_tokens":1,"output_tokens":2}}}\n\n`,
    expected: `event: response.created\ndata: {"type":"response.created","response":{"id":"r","model":"asked"}}\n\nevent: response.completed\ndata: {"type":"response.completed","response":{"id":"r","model":"asked","usage":{"input_tokens":1,"output_tokens":2}}}\n\n`,
  },
  'a head that changes': {
    text: lines([
      chunk({ model: 'gpt', ...delta('a') }),
      { id: 'd', model: 'gpt-2', ...delta('b') },
      chunk({ model: 'gpt', ...delta('c') }),
      chunk({ model: 'asked', ...delta('d') }),
      { id: 'e', ...delta('e', 'stop') },
    ]),
    expected: lines([
      chunk({ model: 'asked', ...delta('a') }),
      { id: 'd', model: 'asked', ...delta('b') },
      chunk({ model: 'asked', ...delta('c') }),
      chunk({ model: 'asked', ...delta('d') }),
      { id: 'e', ...delta('e', 'stop') },
    ]),
  },
  'unknown members and unknown events': {
    text: `event: x\ndata: {"model":"gpt","x_groq":{"id":1},"choices":[]}\n\nid: 7\nretry: 100\n\n`,
    expected: `event: x\ndata: {"model":"asked","x_groq":{"id":1},"choices":[]}\n\nid: 7\nretry: 100\n\n`,
  },
}

describe.each(Object.entries(recorded))('%s', (_, { text, expected, ifHidden = expected }) => {
  test('passes whole', () => {
    expect(whole(text).text).toBe(expected)
    expect(whole(text, hidden).text).toBe(ifHidden)
  })

  test('passes the same however the network cuts it', () => {
    for (const chunks of cuts(text)) {
      expect(pass(chunks).text).toBe(expected)
      expect(pass(chunks, hidden).text).toBe(ifHidden)
    }
  })
})

describe('what is learnt on the way', () => {
  const stream = `${lines([chunk({ model: 'g', ...delta('a', 'stop') }), chunk({ model: 'g', choices: [], usage })])}data: [DONE]\n\n`

  test('usage, wherever the cuts are, shown or hidden', () => {
    for (const chunks of cuts(stream)) {
      for (const rules of [shown, hidden]) {
        const { rewriter } = pass(chunks, rules)
        expect(rewriter.usage).toEqual({ promptTokens: 5, completionTokens: 2, totalTokens: 7 })
        expect(rewriter.isDone).toBe(true)
      }
    }
  })

  test('usage in the last chunk that has choices is counted and passes', () => {
    const { text, rewriter } = whole(
      lines([chunk({ model: 'g', ...delta('', 'stop'), usage })]),
      hidden,
    )
    expect(rewriter.usage).toMatchObject({ totalTokens: 7 })
    expect(text).toContain('"usage":{')
  })

  test('a text that speaks of usage is no usage', () => {
    const { text, rewriter } = whole(
      lines([chunk({ model: 'g', ...delta(',"usage":null "usage":{}') })]),
      hidden,
    )
    expect(rewriter.usage).toEqual({})
    expect(text).toContain(JSON.stringify(',"usage":null "usage":{}'))
  })

  test('[DONE] and the finish reason', () => {
    expect(whole('data:[DONE]\n\n').rewriter.isDone).toBe(true)
    expect(whole('data: [DONE]').rewriter.isDone).toBe(true)
    const open = whole(lines([chunk({ model: 'g', ...delta('a') })])).rewriter
    expect([open.isDone, open.hasFinishReason]).toEqual([false, false])
    const finished = whole(python(lines([chunk({ model: 'g', ...delta('a', 'length') })]))).rewriter
    expect([finished.isDone, finished.hasFinishReason]).toEqual([false, true])
  })

  test('a text that speaks of a finish reason is none', () => {
    const { rewriter } = whole(lines([chunk({ model: 'g', ...delta('"finish_reason":"stop"') })]))
    expect(rewriter.hasFinishReason).toBe(false)
  })
})

describe('what is wrong', () => {
  const codeOf = (text: string): string => {
    try {
      whole(text)
    } catch (error) {
      if (error instanceof GatewayError) return error.code
      throw error
    }
    return 'none'
  }
  test.each([
    ['data: {"error":{"message":"no","code":500}}\n\n', 'upstream_failed'],
    ['event: error\ndata: {"error":"no"}\n\n', 'upstream_failed'],
    ['data: {"error": null, "choices": []}\n\n', 'none'],
    ['data: hello\n\n', 'upstream_nonsense'],
    ['data: {"a"\n\n', 'upstream_nonsense'],
    ['data: {"usage":{]}\n\n', 'upstream_nonsense'],
    ['data: {"\\q":1}\n\n', 'upstream_nonsense'],
    [': nothing but a comment\n\n', 'none'],
    ['\n\n\n\n', 'none'],
  ])('%j ends in %s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test('an event without end is given up before it fills the memory', () => {
    const rewriter = new EventRewriter(shown)
    const piece = Buffer.alloc(1024 * 1024, 0x78)
    expect(() => {
      for (let count = 0; count < 40; count += 1) rewriter.push(piece)
    }).toThrow('larger than 16 MiB')
  })

  test('a large event in many pieces passes whole', () => {
    const text = `data: {"model":"g","choices":[],"x":"${'y'.repeat(2_000_000)}"}\n\n`
    const bytes = Buffer.from(text)
    const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
      bytes.subarray(at * 65_536, (at + 1) * 65_536),
    )
    expect(pass(pieces).text).toBe(text.replace('"g"', '"asked"'))
  })
})
