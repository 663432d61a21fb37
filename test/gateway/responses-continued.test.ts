import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import {
  answerChat,
  answerJson,
  chatFrames,
  createFakeUpstream,
  cutAfter,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestPostgres } from '../doubles/postgres.ts'

let postgres: TestPostgres
let upstream: FakeUpstream
/** Two replicas on one database. */
let one: TestGateway
let other: TestGateway

const config = () => ({
  module: 'llm',
  ...modelAt(upstream.url),
  router_settings: { num_retries: 0 },
  general_settings: { store_responses: { ttl: 600 } },
})

beforeAll(async () => {
  ;[postgres, upstream] = await Promise.all([createTestPostgres(), createFakeUpstream()])
  const { url } = await postgres.createDatabase()
  const start = () => startGateway({ config: config(), env: { DATABASE_URL: url } })
  ;[one, other] = await Promise.all([start(), start()])
  await until(async () => {
    const answers = await Promise.all([one, other].map((each) => each.get('/health/readiness')))
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    return texts.every((text) => text.includes('"db":"connected"'))
  })
})
beforeEach(() => upstream.script(answerChat('Hello.')))
afterAll(async () => {
  await Promise.all([one?.close(), other?.close()])
  await Promise.all([upstream?.close(), postgres?.remove()])
})

/** The messages of the last chat request. */
function lastMessages(): unknown {
  const body: unknown = JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '{}')
  return Reflect.get(Object(body), 'messages')
}

test('a conversation goes on at any replica, streamed or not', async () => {
  const first = await one.client.responses.create({
    model: 'm',
    input: 'one',
    instructions: 'Count.',
  })
  expect(first).toMatchObject({ store: true, previous_response_id: null })
  upstream.script(streamChat({ texts: ['Good', ' day.'] }))
  const second = await other.client.responses
    .stream({ model: 'm', input: 'two', previous_response_id: first.id })
    .finalResponse()
  expect(second).toMatchObject({ store: true, previous_response_id: first.id })
  upstream.script(answerChat('Bye.'))
  const third = await one.client.responses.create({
    model: 'm',
    input: [{ role: 'user', content: 'three' }],
    previous_response_id: second.id,
    instructions: 'Be brief.',
  })
  expect(third.output_text).toBe('Bye.')
  expect(lastMessages()).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'Hello.' },
    { role: 'user', content: 'two' },
    { role: 'assistant', content: 'Good day.' },
    { role: 'user', content: 'three' },
  ])
  const read = await other.client.responses.retrieve(second.id)
  expect(read).toMatchObject({ id: second.id, output_text: 'Good day.', status: 'completed' })
  const items = await other.client.responses.inputItems.list(third.id)
  expect(items.data).toMatchObject([{ role: 'user', content: [{ text: 'three' }] }])
})

test('an output of a tool is all that a caller sends', async () => {
  const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
  const message = { role: 'assistant', content: null, tool_calls: [call] }
  upstream.script([
    answerJson({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }),
    answerChat('Done.'),
  ])
  const tools = [{ type: 'function' as const, name: 'f', parameters: {}, strict: false }]
  const first = await one.client.responses.create({ model: 'm', input: 'go', tools })
  const second = await other.client.responses.create({
    model: 'm',
    previous_response_id: first.id,
    input: [{ type: 'function_call_output', call_id: 'a', output: 'ok' }],
    tools,
  })
  expect(second.output_text).toBe('Done.')
  expect(lastMessages()).toEqual([
    { role: 'user', content: 'go' },
    message,
    { role: 'tool', tool_call_id: 'a', content: 'ok' },
  ])
})

test('items are referred to by their ids', async () => {
  const first = await one.client.responses.create({ model: 'm', input: 'one' })
  const input = [
    { role: 'user' as const, content: 'one' },
    { type: 'item_reference' as const, id: String(first.output[0]?.id) },
    { role: 'user' as const, content: 'two' },
  ]
  await other.client.responses.create({ model: 'm', input })
  expect(lastMessages()).toMatchObject([
    { content: 'one' },
    { content: 'Hello.' },
    { content: 'two' },
  ])
})

test('what a caller does not want kept, or what failed, is not', async () => {
  const notKept = await one.client.responses.create({ model: 'm', input: 'x', store: false })
  expect(notKept).toMatchObject({ store: false })
  const frames = chatFrames({}, false).join('')
  upstream.script(cutAfter(frames.indexOf('lo'), frames))
  let failed = ''
  const read = async () => {
    const stream = await one.client.responses.create({ model: 'm', input: 'x', stream: true })
    for await (const event of stream)
      if (event.type === 'response.failed') failed = event.response.id
  }
  await expect(read()).rejects.toMatchObject({ code: 'stream_interrupted' })
  expect(failed).toMatch(/^resp_/)
  for (const id of [notKept.id, failed]) {
    await expect(one.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await expect(
      one.client.responses.create({ model: 'm', input: 'y', previous_response_id: id }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
  }
})

test('what is deleted is gone for those after it', async () => {
  const first = await one.client.responses.create({ model: 'm', input: 'one' })
  const second = await one.client.responses.create({
    model: 'm',
    input: 'two',
    previous_response_id: first.id,
  })
  await one.client.responses.delete(first.id)
  await expect(
    other.client.responses.create({ model: 'm', input: 'x', previous_response_id: second.id }),
  ).rejects.toMatchObject({
    code: 'previous_response_not_found',
    message: expect.stringContaining(first.id),
  })
})

test('a caller that goes on at once meets its answer', async () => {
  for (let turn = 0; turn < 10; turn += 1) {
    const first = await one.client.responses.create({ model: 'm', input: 'one' })
    const next = { model: 'm', input: 'two', previous_response_id: first.id }
    expect((await other.client.responses.create(next)).status).toBe('completed')
  }
})

test('without a database requests are answered, and none goes on', async () => {
  const alone = await startGateway({ config: config() })
  try {
    const first = await alone.client.responses.create({ model: 'm', input: 'one' })
    expect(first).toMatchObject({ output_text: 'Hello.', store: false })
    const next = { model: 'm', input: 'two', previous_response_id: first.id }
    await expect(alone.client.responses.create(next)).rejects.toMatchObject({
      status: 503,
      code: 'storage_unavailable',
    })
    const strange = { ...next, previous_response_id: `resp_${'0'.repeat(48)}` }
    await expect(alone.client.responses.create(strange)).rejects.toMatchObject({
      code: 'previous_response_not_found',
    })
  } finally {
    await alone.close()
  }
})
