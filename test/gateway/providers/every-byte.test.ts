import { expect, test } from 'vitest'
import { readEvent } from '../../../gateway/pipeline/read-event.ts'
import { WholePieces } from '../../../gateway/pipeline/whole-pieces.ts'
import { providers } from '../../../gateway/providers/index.ts'
import { recordedIn } from './fixture-kinds.ts'
import { play, translationOf, type Fixture } from './run-fixture.ts'

/** Dialects whose streams are lines or server-sent events; that of Bedrock has frames and a test of its own. */
const streamed = [
  ['anthropic', 'anthropic'],
  ['gemini', 'gemini'],
  ['vertex-ai', 'vertex_ai'],
  ['cohere', 'cohere'],
  ['ollama', 'ollama_chat'],
] as const

const recorded = streamed.flatMap(([folder, prefix]) =>
  recordedIn(folder)
    .filter(({ fixture }) => fixture.events !== undefined)
    .map(({ file, fixture }) => ({ name: `${folder}/${file}`, prefix, fixture })),
)

type Framing = 'ndjson' | 'sse'

function bytesOf(events: readonly unknown[], framing: Framing, lineEnd: string): Buffer {
  const frames = events.map((event) => {
    const json = JSON.stringify(event)
    return framing === 'sse' ? `data: ${json}${lineEnd}${lineEnd}` : `${json}${lineEnd}`
  })
  return Buffer.from(frames.join(''))
}

/** The events that the gateway reads out of a stream that the network brings in these pieces. */
function eventsIn(pieces: readonly Buffer[], framing: Framing): readonly unknown[] {
  const whole = new WholePieces(framing === 'sse' ? 'empty line' : 'line')
  const ready = [...pieces.map((piece) => whole.push(piece)), whole.flush()]
  return ready.flatMap((bytes) => {
    const parts = bytes?.toString('utf8').split(framing === 'sse' ? '\n\n' : '\n') ?? []
    return parts.flatMap((part) => {
      const data = framing === 'sse' ? readEvent(Buffer.from(part)).data : part
      return data === undefined || data === '' ? [] : JSON.parse(data)
    })
  })
}

function providerOf(prefix: string) {
  const provider = providers[prefix]
  if (provider === undefined) throw new Error(`no provider ${prefix}`)
  return provider
}

function framingOf(prefix: string, { request }: Fixture): Framing {
  const framing = translationOf(providerOf(prefix), request.endpoint).stream?.framing
  if (framing !== 'sse' && framing !== 'ndjson') throw new Error(`${prefix} has frames of its own`)
  return framing
}

test.each(recorded)('$name: cut at any byte it brings the same events', ({ prefix, fixture }) => {
  const framing = framingOf(prefix, fixture)
  for (const lineEnd of ['\n', '\r\n']) {
    const bytes = bytesOf(fixture.events ?? [], framing, lineEnd)
    const said = JSON.stringify(fixture.events)
    const apart = [...bytes].map((byte) => Buffer.of(byte))
    expect(JSON.stringify(eventsIn(apart, framing))).toBe(said)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
      if (JSON.stringify(eventsIn(pieces, framing)) !== said)
        throw new Error(`a cut at byte ${cut} changes the events`)
    }
  }
})

test.each(recorded)('$name: cut off at any event it is not whole', ({ prefix, fixture }) => {
  const { events = [] } = fixture
  const whole = play(providerOf(prefix), fixture)
  for (let kept = 0; kept < events.length; kept += 1) {
    const translation = translationOf(providerOf(prefix), fixture.request.endpoint)
    const stream = translation.stream?.create({
      endpoint: fixture.request.endpoint,
      model: 'asked',
      isStream: true,
      fields: fixture.request.fields,
      files: [],
      answerId: 'chatcmpl-abc123',
      createdSeconds: 1_760_000_000,
    })
    const chunks: unknown[] = []
    try {
      for (const event of events.slice(0, kept)) chunks.push(...(stream?.onEvent(event) ?? []))
    } catch {
      return // The stream itself tells of a failure here.
    }
    expect(whole.chunks?.slice(0, chunks.length)).toEqual(chunks)
    // What comes behind the end says nothing more.
    if (stream?.isDone === true) expect(whole.chunks).toHaveLength(chunks.length)
  }
})
