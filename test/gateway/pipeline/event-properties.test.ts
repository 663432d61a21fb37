import fc from 'fast-check'
import { expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { EventRewriter } from '../../../gateway/pipeline/event-rewriter.ts'

type Json = Record<string, unknown>

/** What an event source of the standard hands out: the data of each event, parsed, up to `[DONE]`. */
function viewOf(bytes: Uint8Array): unknown[] {
  const view: unknown[] = []
  let data: string[] = []
  for (const line of new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    if (line !== '') continue
    const text = data.join('\n')
    data = []
    if (text === '[DONE]') return [...view, text]
    if (text !== '') view.push(JSON.parse(text))
  }
  return view
}

interface Outcome {
  readonly bytes: Buffer
  readonly code?: string
}

function pass(chunks: readonly Buffer[], isUsageHidden = false): Outcome {
  const rewriter = new EventRewriter({ model: 'asked', isUsageHidden })
  const out: Buffer[] = []
  try {
    for (const chunk of chunks) out.push(rewriter.push(Buffer.from(chunk)) ?? Buffer.alloc(0))
    out.push(rewriter.flush() ?? Buffer.alloc(0))
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { bytes: Buffer.concat(out), code: error.code }
  }
  return { bytes: Buffer.concat(out) }
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  )
  return [...sorted, bytes.length].map((end, at) => bytes.subarray(sorted[at - 1] ?? 0, end))
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const usage = fc.constantFrom<unknown>(undefined, null, { prompt_tokens: 3, completion_tokens: 2 })
const chunk = fc
  .record({
    id: fc.constantFrom('a', 'b'),
    model: fc.constantFrom('up', 'asked', 'é😀', undefined),
    text: fc.string({ unit: 'binary' }),
    finish: fc.constantFrom(null, null, 'stop'),
    usage,
    isModelLast: fc.boolean(),
    isEmpty: fc.boolean(),
  })
  .map((one): Json => {
    const choice = { index: 0, delta: { content: one.text }, finish_reason: one.finish }
    const own = one.model === undefined ? {} : { model: one.model }
    return {
      id: one.id,
      ...(!one.isModelLast && own),
      choices: one.isEmpty ? [] : [choice],
      ...(one.usage !== undefined && { usage: one.usage }),
      ...(one.isModelLast && own),
    }
  })
const event = fc
  .record({
    chunk,
    before: fc.constantFrom('', ': ping', 'event: x', 'id: 1'),
    indent: fc.constantFrom(0, 0, 0, 1),
    space: fc.constantFrom(' ', ''),
  })
  .map(({ chunk: value, before, indent, space }) => ({
    value,
    lines: [
      ...(before === '' ? [] : [before]),
      ...JSON.stringify(value, null, indent)
        .split('\n')
        .map((line) => `data:${space}${line}`),
      '',
      '',
    ],
  }))
const stream = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 12 }),
  end: fc.array(lineEnd, { minLength: 1, maxLength: 4 }),
  isMarked: fc.boolean(),
  isDone: fc.boolean(),
  places: fc.array(fc.nat(), { maxLength: 8 }),
  isUsageHidden: fc.boolean(),
})

interface Written {
  readonly events: readonly { readonly lines: readonly string[] }[]
  readonly end: readonly string[]
  readonly isMarked: boolean
  readonly isDone: boolean
}

// Within one event all lines end alike: CR before LF would be one end of a line, not two.
function bytesOf({ events, end, isMarked, isDone }: Written): Buffer {
  const text = events.map(({ lines }, at) => lines.join(end[at % end.length])).join('')
  return Buffer.from(`${isMarked ? '\u{feff}' : ''}${text}${isDone ? 'data: [DONE]\n\n' : ''}`)
}

/** The same chunk as its caller is to see it; undefined: it is kept from him. */
function expectedOf(value: Json, isUsageHidden: boolean): Json | undefined {
  const renamed: Json = 'model' in value ? { ...value, model: 'asked' } : { ...value }
  if (!isUsageHidden || !('usage' in renamed)) return renamed
  const { usage: told, ...rest } = renamed
  const isForUsageAlone = Array.isArray(rest['choices']) && rest['choices'].length === 0
  return told !== null && isForUsageAlone ? undefined : rest
}

test('whatever the line ends and the cuts, the caller sees the same events under the asked name', () => {
  fc.assert(
    fc.property(stream, (written) => {
      const { events, isDone, isUsageHidden, places } = written
      const expected = events.flatMap(({ value }) => expectedOf(value, isUsageHidden) ?? [])
      const whole = bytesOf(written)
      for (const chunks of [[whole], cutAt(whole, places), cutAt(whole, whole.keys().toArray())]) {
        const { bytes, code } = pass(chunks, isUsageHidden)
        expect(code).toBeUndefined()
        expect(viewOf(bytes)).toEqual([...expected, ...(isDone ? ['[DONE]'] : [])])
      }
    }),
    { numRuns: 300, seed: 4 },
  )
})

test('broken bytes end as they do in one piece: in the same bytes, or in an error of ours', () => {
  const faults = fc.array(
    fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.nat({ max: 40 })),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  fc.assert(
    fc.property(stream, faults, (written, list) => {
      let bytes = bytesOf(written)
      for (const [place, inserted, removed] of list) {
        const at = place % (bytes.length + 1)
        bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
      }
      const whole = pass([bytes], written.isUsageHidden)
      for (const chunks of [cutAt(bytes, written.places), cutAt(bytes, bytes.keys().toArray())]) {
        const seen = pass(chunks, written.isUsageHidden)
        expect(seen.code).toBe(whole.code)
        if (seen.code === undefined) expect(seen.bytes).toEqual(whole.bytes)
      }
    }),
    { numRuns: 300, seed: 4 },
  )
})
