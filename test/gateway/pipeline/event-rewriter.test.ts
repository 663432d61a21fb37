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
    expected: `: ping\n\n${lines([chunk({ model: 'asked', ...delta('a') })])}: OPENROUTER PROCESSING\n\ndata: [DONE]\n\n`,
  },
  'CR alone': {
    text: `: ping\r\r${lines([chunk({ model: 'gpt', ...delta('a') })], '\r\r')}data: [DONE]\r\r`,
    expected: `: ping\n\n${lines([chunk({ model: 'asked', ...delta('a') })])}data: [DONE]\n\n`,
  },
  'every line its own end': {
    text: `event: x\rdata: {"model":"gpt"}\r\n\n: c\n\r\ndata: {"model":"gpt","a":1}\r\n\r: d\n\rdata: [DONE]\n\r\n`,
    expected: `event: x\ndata: {"model":"asked"}\n\n: c\n\ndata: {"model":"asked","a":1}\n\n: d\n\ndata: [DONE]\n\n`,
  },
  'a byte order mark': {
    text: `\u{feff}${lines([chunk({ model: 'gpt', ...delta('\u{feff}a') })])}data: [DONE]\n\n`,
    expected: `${lines([chunk({ model: 'asked', ...delta('\u{feff}a') })])}data: [DONE]\n\n`,
  },
  'data in several lines': {
    text: `event: x\ndata: {\ndata:   "model": "gpt",\ndata:   "choices": []\ndata: }\n\ndata: [DONE]\n\n`,
    expected: `event: x\ndata: {   "model": "asked",   "choices": [] }\n\ndata: [DONE]\n\n`,
  },
  'more empty lines than needed': {
    text: `\n\n${lines([chunk({ model: 'gpt', ...delta('a') }), chunk({ model: 'gpt', ...delta('b') })], '\n\n\n')}\n\ndata: [DONE]\n\n\n`,
    expected: `${lines([chunk({ model: 'asked', ...delta('a') }), chunk({ model: 'asked', ...delta('b') })])}data: [DONE]\n\n`,
  },
  'heartbeats without a word': {
    text: `data:\n\n${lines([chunk({ model: 'gpt', ...delta('a') })])}event: ping\ndata: \n\nid: 7\nretry: 100\n\ndata: [DONE] \n\n`,
    expected: `${lines([chunk({ model: 'asked', ...delta('a') })])}data: [DONE]\n\n`,
  },
  'what comes behind the end': {
    text: `${lines([chunk({ model: 'gpt', ...delta('a', 'stop') })])}data: [DONE]\n\n${lines([chunk({ model: 'gpt', ...delta('b') })])}<html>`,
    expected: `${lines([chunk({ model: 'asked', ...delta('a', 'stop') })])}data: [DONE]\n\n`,
  },
  'usage with every chunk': {
    text: `${lines([
      chunk({
        model: 'gpt',
        ...delta('a'),
        usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
      }),
      chunk({
        model: 'gpt',
        ...delta('b', 'stop'),
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      }),
      chunk({
        model: 'gpt',
        choices: [],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      }),
    ])}data: [DONE]\n\n`,
    expected: `${lines([
      chunk({
        model: 'asked',
        ...delta('a'),
        usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
      }),
      chunk({
        model: 'asked',
        ...delta('b', 'stop'),
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      }),
      chunk({
        model: 'asked',
        choices: [],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      }),
    ])}data: [DONE]\n\n`,
    ifHidden: `${lines([
      chunk({ model: 'asked', ...delta('a') }),
      chunk({ model: 'asked', ...delta('b', 'stop') }),
    ])}data: [DONE]\n\n`,
  },
  'usage in front, alone, and in strange places': {
    text: `data: {"usage":{"prompt_tokens":5},"model":"gpt","choices":[{"index":0}]}\n\ndata: { "usage" : {"prompt_tokens":5} }\n\ndata: {"model":"gpt","choices":[{"a":"b"}], "usage": {"total_tokens": 7}, "x": "usage"}\n\ndata: [DONE]\n\n`,
    expected: `data: {"usage":{"prompt_tokens":5},"model":"asked","choices":[{"index":0}]}\n\ndata: { "usage" : {"prompt_tokens":5} }\n\ndata: {"model":"asked","choices":[{"a":"b"}], "usage": {"total_tokens": 7}, "x": "usage"}\n\ndata: [DONE]\n\n`,
    ifHidden: `data: {"model":"asked","choices":[{"index":0}]}\n\ndata: {"model":"asked","choices":[{"a":"b"}],"x": "usage"}\n\ndata: [DONE]\n\n`,
  },
  'obfuscation behind the usage': {
    text: `${lines([
      chunk({ model: 'gpt', ...delta('a'), usage: null, obfuscation: 'x' }),
      chunk({ model: 'gpt', ...delta('b'), usage: null, obfuscation: 'yy' }),
    ])}data: [DONE]\n\n`,
    expected: `${lines([
      chunk({ model: 'asked', ...delta('a'), usage: null, obfuscation: 'x' }),
      chunk({ model: 'asked', ...delta('b'), usage: null, obfuscation: 'yy' }),
    ])}data: [DONE]\n\n`,
    ifHidden: `${lines([
      chunk({ model: 'asked', ...delta('a'), obfuscation: 'x' }),
      chunk({ model: 'asked', ...delta('b'), obfuscation: 'yy' }),
    ])}data: [DONE]\n\n`,
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
    text: `event: x\ndata: {"model":"gpt","x_groq":{"id":1},"choices":[]}\n\nid: 7\ndata: {"a":1}\n\n`,
    expected: `event: x\ndata: {"model":"asked","x_groq":{"id":1},"choices":[]}\n\nid: 7\ndata: {"a":1}\n\n`,
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
        expect(rewriter.produced.told).toMatchObject({
          promptTokens: 5,
          completionTokens: 2,
          totalTokens: 7,
        })
        expect(rewriter.isDone).toBe(true)
      }
    }
  })

  test('usage in the last chunk that has choices is counted, and shown where it is asked for', () => {
    const last = lines([chunk({ model: 'g', ...delta('', 'stop'), usage })])
    expect(whole(last, hidden).rewriter.produced.told).toMatchObject({ totalTokens: 7 })
    expect(whole(last, hidden).text).toBe(lines([chunk({ model: 'asked', ...delta('', 'stop') })]))
    expect(whole(last).text).toContain('"usage":{')
  })

  test('usage of Messages is told in two events', () => {
    const { told } = whole(
      `event: message_start\ndata: {"type":"message_start","message":{"model":"c","usage":{"input_tokens":9,"output_tokens":1}}}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":15}}\n\n`,
    ).rewriter.produced
    expect(told).toMatchObject({ promptTokens: 9, completionTokens: 15, totalTokens: 24 })
  })

  test('a prompt told once is not told away by a last event that counts the cache alone', () => {
    const start = { input_tokens: 9, cache_read_input_tokens: 100, output_tokens: 1 }
    const last = { cache_read_input_tokens: 0, output_tokens: 15 }
    const { told } = whole(
      lines([
        { type: 'message_start', message: { model: 'c', usage: start } },
        { type: 'message_delta', delta: {}, usage: last },
      ]),
    ).rewriter.produced
    expect(told).toMatchObject({ promptTokens: 109, completionTokens: 15, totalTokens: 124 })
  })

  test('usage is found behind any number of events that look alike', () => {
    const alike = Array.from({ length: 50 }, (_, at) =>
      chunk({ model: 'g', ...delta(`w${at}`), usage: null }),
    )
    const last = chunk({ model: 'g', ...delta('', 'stop'), usage })
    for (const rules of [shown, hidden]) {
      const { text, rewriter } = whole(lines([...alike, last]), rules)
      expect(rewriter.produced).toMatchObject({ told: { totalTokens: 7 }, tokens: 0 })
      expect(rewriter.hasFinished).toBe(true)
      expect(text.match(/"content":"w\d+"/g)).toHaveLength(50)
      expect(text.includes('usage')).toBe(rules === shown)
    }
  })

  test('what came after the last that was told is estimated', () => {
    const told = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 }
    const long = 'four'.repeat(100)
    const { produced } = whole(
      lines([
        chunk({ model: 'g', ...delta('a'), usage: told }),
        chunk({ model: 'g', ...delta('b') }),
        chunk({ model: 'g', ...delta('c') }),
        chunk({ model: 'g', ...delta(long) }),
      ]),
    ).rewriter
    expect(produced.told).toMatchObject({ totalTokens: 6 })
    expect(produced.tokens).toBeGreaterThanOrEqual(90)
    expect(produced.tokens).toBeLessThanOrEqual(110)
  })

  test('a text that speaks of usage is no usage', () => {
    const { text, rewriter } = whole(
      lines([chunk({ model: 'g', ...delta(',"usage":null "usage":{}') })]),
      hidden,
    )
    expect(rewriter.produced.told).toMatchObject({})
    expect(text).toContain(JSON.stringify(',"usage":null "usage":{}'))
  })

  test('[DONE] and the finish reason', () => {
    expect(whole('data:[DONE]\n\n').rewriter.isDone).toBe(true)
    expect(whole('data: [DONE]').rewriter.isDone).toBe(true)
    const open = whole(lines([chunk({ model: 'g', ...delta('a') })])).rewriter
    expect([open.isDone, open.hasFinished]).toEqual([false, false])
    const finished = whole(python(lines([chunk({ model: 'g', ...delta('a', 'length') })]))).rewriter
    expect([finished.isDone, finished.hasFinished]).toEqual([false, true])
  })

  test('with two choices both must finish', () => {
    const of = (index: number, reason: string | null) =>
      chunk({ model: 'g', choices: [{ index, delta: {}, finish_reason: reason }] })
    const two = { ...shown, choices: 2 }
    const half = [of(0, null), of(1, null), of(0, 'stop')]
    expect(whole(lines(half), two).rewriter.hasFinished).toBe(false)
    expect(whole(lines([...half, of(1, 'length')]), two).rewriter.hasFinished).toBe(true)
  })

  test('the last event of its kind ends a stream without [DONE]', () => {
    const rules = { ...shown, lastEvents: ['message_stop'] }
    const begun = 'event: ping\ndata: {"type":"ping"}\n\n'
    expect(whole(begun, rules).rewriter.isDone).toBe(false)
    expect(whole(`${begun}data: {"type":"message_stop"}\n\n`, rules).rewriter.isDone).toBe(true)
  })

  test('a text that speaks of a finish reason is none', () => {
    const { rewriter } = whole(lines([chunk({ model: 'g', ...delta('"finish_reason":"stop"') })]))
    expect(rewriter.hasFinished).toBe(false)
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
    [
      'data: {"error":{"message":"no"},"choices":[{"finish_reason":"error"}]}\n\n',
      'upstream_failed',
    ],
    ['data: {"object":"error","message":"no","code":400}\n\n', 'upstream_failed'],
    ['event: error\ndata: {"message":"no"}\n\n', 'upstream_failed'],
    ['event: error\ndata: {"type":"error","code":"x","message":"no"}\n\n', 'upstream_failed'],
    ['data: {"choices":[]} and more\n\n', 'upstream_nonsense'],
    ['data: {"choices":[]}\ndata: {"choices":[]}\n\n', 'upstream_nonsense'],
    ['data: []\n\n', 'upstream_nonsense'],
    ['data: null\n\n', 'upstream_nonsense'],
    ['<html><body>Bad gateway</body></html>\n\n', 'none'],
    ['{"choices":[]}\n{"choices":[]}\n', 'none'],
    ['data: hello\n\n', 'upstream_nonsense'],
    ['data: {"a"\n\n', 'upstream_nonsense'],
    ['data: {"usage":{]}\n\n', 'upstream_nonsense'],
    ['data: {"\\q":1}\n\n', 'upstream_nonsense'],
    [': nothing but a comment\n\n', 'none'],
    ['\n\n\n\n', 'none'],
  ])('%j ends in %s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test.each([
    ['an error', '"error":{"message":"no"}}', 'upstream_failed'],
    ['an error beside its choices', '"choices":[],"error":"no"}', 'upstream_failed'],
    ['half of its JSON', '"choices":[{"index":0', 'upstream_nonsense'],
    ['bytes that are no text', '"choices":[\u0000\u0001\u0002', 'upstream_nonsense'],
  ])('%s in an event that begins as all before it', (_, rest, code) => {
    const head = 'data: {"id":"c","model":"g",'
    expect(codeOf(`${head}"choices":[]}\n\n${head}"choices":[]}\n\n${head}${rest}\n\n`)).toBe(code)
  })

  test('where text is an answer too, it passes', () => {
    const { text, rewriter } = whole('data: spoken words\n\n', { ...shown, mayBeText: true })
    expect([text, rewriter.hasData]).toEqual(['data: spoken words\n\n', true])
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
