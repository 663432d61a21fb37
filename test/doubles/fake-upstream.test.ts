import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  after,
  answerBytes,
  answerChat,
  answerError,
  answerJson,
  answerNotJson,
  chatFrames,
  drip,
  createFakeUpstream,
  cutAfter,
  hang,
  refusingUrl,
  stall,
  streamBytes,
  streamChat,
  answerEmbeddings,
  type FakeUpstream,
} from './fake-upstream.ts'

let upstream: FakeUpstream

beforeEach(async () => {
  upstream = await createFakeUpstream()
})

afterEach(() => upstream.close())

const ask = (body: unknown = { model: 'm' }): Promise<Response> =>
  fetch(`${upstream.url}/v1/chat/completions?x=1`, { method: 'POST', body: JSON.stringify(body) })

test('it remembers what it was asked', async () => {
  const answer = await ask({ model: 'm', ü: 1 })
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Hello there.' } }] })
  expect(upstream.requests).toMatchObject([{ method: 'POST', path: '/v1/chat/completions?x=1' }])
  expect(JSON.parse(String(upstream.requests[0]?.body))).toEqual({ model: 'm', ü: 1 })
  expect(await upstream.requests[0]?.ended).toBe('answered')
})

test('a list is played in order and its last behaviour stays', async () => {
  upstream.script([
    answerError(500),
    answerError(429, undefined, { 'retry-after': '7' }),
    answerEmbeddings(),
  ])
  expect((await ask()).status).toBe(500)
  expect((await ask()).headers.get('retry-after')).toBe('7')
  expect(await (await ask({ input: ['a', 'b'] })).json()).toMatchObject({
    data: [{ index: 0 }, { index: 1 }],
  })
  expect((await ask({ input: 'a' })).status).toBe(200)
})

test('a stream carries usage only where it is asked for', async () => {
  upstream.script(streamChat({ texts: ['a', 'b'] }))
  expect(await (await ask()).text()).not.toContain('total_tokens')
  const asked = await (await ask({ stream_options: { include_usage: true } })).text()
  expect(asked).toContain('"total_tokens":7')
  expect(asked.endsWith('data: [DONE]\n\n')).toBe(true)
})

test('chunks leave exactly as they were scripted', async () => {
  upstream.script(streamBytes(['ab', 'c', Buffer.of(0xc3), Buffer.of(0xa9)], { delayMs: 30 }))
  const pieces: number[] = []
  for await (const piece of (await ask()).body ?? []) pieces.push(piece.length)
  expect(pieces).toEqual([2, 1, 1, 1])
})

test('a cut is a broken connection after exactly that many bytes', async () => {
  upstream.script(cutAfter(4, 'abcdefgh'))
  const reader = (await ask()).body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('abcd')
  await expect(reader?.read()).rejects.toThrow()
})

test('answers come late, in drops, or as something else', async () => {
  upstream.script([
    after(20, answerChat('late')),
    drip('{"a":1}', 1),
    answerNotJson,
    answerJson([1]),
    answerBytes('x', 202, { 'x-own': 'yes' }),
    streamBytes(chatFrames({ texts: ['only'], isDone: false }, false)),
  ])
  expect(await (await ask()).text()).toContain('late')
  expect(await (await ask()).json()).toEqual({ a: 1 })
  await expect((await ask()).json()).rejects.toThrow('not valid JSON')
  expect(await (await ask()).json()).toEqual([1])
  expect((await ask()).headers.get('x-own')).toBe('yes')
  const unfinished = await (await ask()).text()
  expect(unfinished).toContain('"content":"only"')
  expect(unfinished).not.toContain('[DONE]')
})

test('a caller who leaves a silent upstream is noticed', async () => {
  for (const silent of [hang, stall(['data: {}\n\n'])]) {
    upstream.script(silent)
    const before = upstream.requests.length
    const leave = new AbortController()
    const asked = fetch(upstream.url, { signal: leave.signal }).then((answer) => answer.text())
    await upstream.arrived(before + 1)
    leave.abort()
    await expect(asked).rejects.toThrow()
    expect(await upstream.requests[before]?.ended).toBe('gone')
  }
})

test('open sockets are counted and closed', async () => {
  const socket = connect(upstream.port, '127.0.0.1')
  await once(socket, 'connect')
  await ask()
  expect(upstream.openSockets()).toBeGreaterThanOrEqual(2)
  await upstream.close()
  expect(upstream.openSockets()).toBe(0)
  socket.destroy()
})

test('a refusing address refuses', async () => {
  await expect(fetch(await refusingUrl())).rejects.toMatchObject({
    cause: { code: 'ECONNREFUSED' },
  })
})
