import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  answerJson,
  answerNotJson,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  hang,
  refusingUrl,
  stall,
  streamBytes,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { createBlackHole, type BlackHole } from '../doubles/black-hole.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

// vLLM 3 s, Ollama 120 s, OpenAI 30 s, one model name: the same chain by a faster clock.
const members = ['vllm', 'ollama', 'openai'] as const
const clocks = { vllm: 0.4, ollama: 1.6, openai: 0.8 }
const connectClock = 0.25

const frames = chatFrames({ texts: ['half', 'of it'] }, false)
const [firstFrame = ''] = frames
const firstLine = '{"message":{"role":"assistant","content":"half"},"done":false}\n'

/** What a member does, in its own dialect; undefined: it is not even reached. */
interface Fault {
  /** As the table of docs/routing.md has it. */
  readonly name: string
  readonly asked: 'streamed' | 'unstreamed' | 'both'
  readonly behave?: (isStream: boolean, isOllama: boolean) => Behaviour
  /** Calls to it before the next one is asked. */
  readonly calls: number
  /** The clock that passes first; undefined: no clock but short waits between retries. */
  readonly clock?: 'timeout' | 'connect_timeout'
  readonly sees: string
  /** Calls to it where no other is left, if these are others. */
  readonly callsAsLast?: number
  /** After the first byte: no other may be asked. */
  readonly isEnd?: boolean
}

const streamType = (isOllama: boolean) => (isOllama ? 'application/x-ndjson' : 'text/event-stream')
const first = (isOllama: boolean) => (isOllama ? firstLine : firstFrame)
const json = 'application/json'

const faults: readonly Fault[] = [
  { name: 'refuses the connection', asked: 'both', calls: 3, sees: '502 upstream_unreachable' },
  {
    name: 'takes no connection',
    asked: 'both',
    calls: 3,
    clock: 'connect_timeout',
    sees: '502 upstream_unreachable',
  },
  {
    name: 'is silent',
    asked: 'both',
    behave: () => hang,
    calls: 1,
    clock: 'timeout',
    sees: '504 upstream_timeout',
  },
  {
    name: 'is silent behind its headers',
    asked: 'both',
    behave: (isStream, isOllama) => stall([], isStream ? streamType(isOllama) : json),
    calls: 1,
    clock: 'timeout',
    sees: '504 upstream_timeout',
  },
  {
    name: 'answers 429',
    asked: 'both',
    behave: () => answerError(429),
    calls: 1,
    callsAsLast: 3,
    sees: '429 upstream_rate_limited',
  },
  {
    name: 'answers 429 with Retry-After',
    asked: 'both',
    behave: () => answerError(429, undefined, { 'retry-after': '1' }),
    calls: 1,
    callsAsLast: 3,
    sees: '429 upstream_rate_limited, retry-after 1',
  },
  {
    name: 'answers 500',
    asked: 'both',
    behave: () => answerError(500),
    calls: 3,
    sees: '502 upstream_failed',
  },
  {
    name: 'answers 401',
    asked: 'both',
    behave: () => answerError(401),
    calls: 1,
    sees: '502 upstream_refused_our_key',
  },
  {
    name: 'does not answer in JSON',
    asked: 'both',
    behave: () => answerNotJson,
    calls: 1,
    sees: '502 upstream_nonsense',
  },
  {
    name: 'cuts off before its headers',
    asked: 'both',
    behave: () => (_, response) => void response.socket?.destroy(),
    calls: 3,
    sees: '502 upstream_unreachable',
  },
  {
    name: 'cuts off before its first event',
    asked: 'streamed',
    behave: (_, isOllama) => cutAfter(0, '', streamType(isOllama)),
    calls: 1,
    sees: '502 upstream_unreachable',
  },
  {
    name: 'cuts off within its answer',
    asked: 'unstreamed',
    behave: () => cutAfter(20, '{"choices":[{"index":0}]}', json),
    calls: 1,
    sees: '502 upstream_unreachable',
  },
  {
    name: 'cuts off after its first event',
    asked: 'streamed',
    behave: (_, isOllama) =>
      cutAfter(first(isOllama).length, first(isOllama), streamType(isOllama)),
    calls: 1,
    sees: '200, then the error event stream_interrupted',
    isEnd: true,
  },
  {
    name: 'is silent after its first event',
    asked: 'streamed',
    behave: (_, isOllama) => stall([first(isOllama)], streamType(isOllama)),
    calls: 1,
    clock: 'timeout',
    sees: '200, then the error event stream_interrupted',
    isEnd: true,
  },
]

/** Who of the chain has the fault, and how the others are. */
const places = [
  { name: 'first', at: 0, before: 'well', after: 'well' },
  { name: 'second, behind a dead one', at: 1, before: 'dead', after: 'well' },
  { name: 'first of nothing but dead ones', at: 0, before: 'dead', after: 'dead' },
  { name: 'last, behind dead ones', at: 2, before: 'dead', after: 'dead' },
] as const

interface Case {
  readonly model: string
  readonly fault: Fault
  readonly place: (typeof places)[number]
  readonly isStream: boolean
}

const cases: Case[] = faults.flatMap((fault, number) =>
  places.flatMap((place, at) =>
    [false, true].flatMap((isStream) =>
      fault.asked === (isStream ? 'unstreamed' : 'streamed')
        ? []
        : [{ model: `case-${number}-${at}-${isStream}`, fault, place, isStream }],
    ),
  ),
)

/** How a member of a case is: the fault's own, dead or well. */
function roleOf({ place }: Case, at: number): 'fault' | 'dead' | 'well' {
  if (at === place.at) return 'fault'
  return at < place.at ? place.before : place.after
}

let upstreams: FakeUpstream[]
let hole: BlackHole
let dead: string

beforeAll(async () => {
  hole = await createBlackHole()
  dead = await refusingUrl()
  upstreams = await Promise.all(members.map((member) => createFakeUpstream(answerAs(member))))
})
afterAll(async () => {
  await Promise.all(upstreams.map((upstream) => upstream.close()))
  await hole.close()
})

/** A gateway with one chain: what is known of health, and the budget for retries, is its own. */
function startChain(one: Case): Promise<TestGateway> {
  return startGateway({
    config: {
      model_list: members.map((member, at) => ({
        model_name: one.model,
        litellm_params: {
          model: `${member === 'ollama' ? 'ollama_chat' : 'openai'}/${one.model}`,
          api_base: urlOf(one, at) + (member === 'ollama' ? '' : '/v1'),
          api_key: 'none',
          order: at + 1,
          ...clocksOf(one, at),
        },
        model_info: { id: member },
      })),
    },
  })
}

// Only the clock that is to run out is short: on a busy machine the others must not.
function clocksOf(one: Case, at: number): Record<string, number> {
  const clock = at === one.place.at ? one.fault.clock : undefined
  const timeout = clock === 'timeout' ? clocks[members[at] ?? 'vllm'] : 60
  const connect_timeout = clock === 'connect_timeout' ? connectClock : 30
  return { timeout, connect_timeout, ...(one.fault.isEnd && { stream_timeout: 60 }) }
}

function urlOf(one: Case, at: number): string {
  const role = roleOf(one, at)
  if (role === 'dead') return dead
  if (role === 'fault' && one.fault.name === 'refuses the connection') return dead
  if (role === 'fault' && one.fault.name === 'takes no connection') return hole.url
  return upstreams[at]?.url ?? ''
}

/** What a member of the chain does when the case says that it is its turn to. */
function answerAs(member: (typeof members)[number]): Behaviour {
  const isOllama = member === 'ollama'
  return (request, response) => {
    const { model, stream }: { model: string; stream?: boolean } = JSON.parse(
      request.body.toString(),
    )
    const one = cases.find((known) => known.model === model)
    const isFaulty = one !== undefined && roleOf(one, members.indexOf(member)) === 'fault'
    const behave = isFaulty ? one.fault.behave?.(one.isStream, isOllama) : undefined
    return (behave ?? wellAs(member, stream === true))(request, response)
  }
}

function wellAs(member: string, isStream: boolean): Behaviour {
  if (member !== 'ollama') return isStream ? streamChat({ texts: [member] }) : answerChat(member)
  const answer = {
    model: 'x',
    message: { role: 'assistant', content: member },
    done: true,
    done_reason: 'stop',
  }
  return isStream
    ? streamBytes([`${JSON.stringify(answer)}\n`], { contentType: 'application/x-ndjson' })
    : answerJson(answer)
}

interface Seen {
  /** `vllm answers`, or the status and the code that the caller sees. */
  readonly what: string
  readonly tookMs: number
  /** Attempts at each member. */
  readonly calls: readonly number[]
  readonly headers: Headers
}

async function ask(one: Case): Promise<Seen> {
  const gateway = await startChain(one)
  const startedAt = performance.now()
  const response = await gateway.post('/v1/chat/completions', {
    model: one.model,
    messages: [{ role: 'user', content: 'hi' }],
    ...(one.isStream && { stream: true }),
  })
  const text = await response.text()
  const tookMs = performance.now() - startedAt
  const calls: number[] = []
  for (const member of members)
    calls.push(
      await gateway.metric('colonnade_upstream_attempts_total', { model_deployment: member }),
    )
  await gateway.close()
  return { what: read(response, text), tookMs, calls, headers: response.headers }
}

function read(response: Response, text: string): string {
  const member = members.find((name) => text.includes(`"content":"${name}"`))
  if (response.status === 200 && member) return `${member} answers`
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? text
  if (response.status === 200) return `200, then the error event ${code}`
  const retryAfter = response.headers.get('retry-after')
  const shown = code === 'some_code' ? codeBehind[response.status] : code
  return `${response.status} ${shown}${retryAfter === null ? '' : `, retry-after ${retryAfter}`}`
}

// The double's own words survive where a program may read them.
const codeBehind: Record<number, string> = { 429: 'upstream_rate_limited', 502: 'upstream_failed' }

/** The least and the most that the faulty member and the dead ones before it may take. */
function boundsOf({ fault, place }: Case): [least: number, most: number] {
  const member = members[place.at] ?? 'vllm'
  const clockMs =
    fault.clock === 'timeout'
      ? clocks[member] * 1000
      : fault.clock === 'connect_timeout'
        ? connectClock * 1000 * fault.calls
        : 0
  // Two waits for each member that is tried three times, and room for a busy machine, whose timers may also fire early.
  return [clockMs * 0.9 - 20, clockMs + 3 * 300 + 4_000]
}

function expectedOf({ fault, place }: Case): { what: string; calls: number[] } {
  const calls = [0, 0, 0]
  for (let at = 0; at < place.at; at += 1) calls[at] = 3
  calls[place.at] = (place.at === 2 ? fault.callsAsLast : undefined) ?? fault.calls
  const isOver = fault.isEnd === true || place.at === 2
  if (isOver) {
    // The caller hears of the first failure, unless half an answer has gone out.
    const what = fault.isEnd || place.at === 0 ? fault.sees : '502 upstream_unreachable'
    return { what, calls }
  }
  if (place.after === 'well') {
    calls[place.at + 1] = 1
    return { what: `${members[place.at + 1]} answers`, calls }
  }
  for (let at = place.at + 1; at < 3; at += 1) calls[at] = 3
  return { what: fault.sees, calls }
}

describe('the chain vLLM, Ollama, OpenAI under one model name', () => {
  test.concurrent.each(cases.map((one) => [describeCase(one), one] as const))(
    '%s',
    async (_, one) => {
      const seen = await ask(one)
      const { what, calls } = expectedOf(one)
      expect({ what: seen.what, calls: seen.calls }).toEqual({ what, calls })
      const [least, most] = boundsOf(one)
      expect(seen.tookMs).toBeGreaterThan(least)
      expect(seen.tookMs).toBeLessThan(most)
      expect(seen.headers.get('x-litellm-attempted-fallbacks')).toBe('0')
    },
    30_000,
  )
})

function describeCase({ fault, place, isStream }: Case): string {
  return `the ${place.name} ${fault.name}${isStream ? ', streamed' : ''}`
}

describe('the table in docs/routing.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/routing.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (.+?) \| (\d) \| (.+?) \| (.+?) \|$/gm)].map(
    ([, name, calls, moves, sees]) => ({ name, calls, moves, sees }),
  )

  test('says what these cases have shown', () => {
    expect(rows).toEqual(
      faults.map((fault) => ({
        name: fault.asked === 'both' ? fault.name : `${fault.name} (${fault.asked})`,
        calls: `${fault.calls}`,
        moves: movesOnAfter(fault),
        sees: fault.sees.replace(/[a-z]+(_[a-z]+)+|retry-after \d+/g, (word) => `\`${word}\``),
      })),
    )
  })
})

function movesOnAfter({ clock, calls, isEnd }: Fault): string {
  if (isEnd) return clock === 'timeout' ? 'never; `chunk_timeout` ends it' : 'never'
  if (clock === 'timeout') return '`timeout`, a stream’s `stream_timeout`'
  if (clock === 'connect_timeout') return `${calls} × \`connect_timeout\` and two short waits`
  return calls === 1 ? 'at once' : 'two short waits'
}
