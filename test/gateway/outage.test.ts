import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  chatFrames,
  createFakeUpstream,
  stall,
  streamChat,
  answerChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { modelAt, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
let gateway: TestGateway | undefined

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())
beforeEach(async () => {
  await postgres.start()
  database = await postgres.createDatabase()
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  await upstream.close()
})

async function start(): Promise<TestGateway> {
  gateway = await startGateway({
    config: modelAt(upstream.url),
    env: { DATABASE_URL: database.url, MODULE: 'llm' },
  })
  return gateway
}

const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
const rows = () => database.query('select * from colonnade.spend_logs')
const dbOf = async (at: TestGateway): Promise<unknown> =>
  JSON.parse(await (await at.get('/health/readiness')).text()).db

/** Asks again and again, eight at a time, until told to stop; the statuses by their number. */
function traffic(at: TestGateway) {
  const statuses = new Map<number, number>()
  const stop = new AbortController()
  const one = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const response = await at.post('/v1/chat/completions', body)
      await response.arrayBuffer()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const all = Promise.all(Array.from({ length: 8 }, one))
  return {
    async stop() {
      stop.abort()
      await all
      return statuses
    },
    count: () => [...statuses.values()].reduce((sum, count) => sum + count, 0),
  }
}

test('Postgres goes and comes under traffic: no failed request, one row an exchange', async () => {
  const at = await start()
  await until(async () => (await dbOf(at)) === 'connected')
  const load = traffic(at)
  await until(() => load.count() > 100)
  await postgres.stop()
  await until(async () => (await dbOf(at)) === 'Not connected')
  const before = load.count()
  await until(() => load.count() > before + 200)
  await postgres.start()
  await until(async () => (await dbOf(at)) === 'connected', 20_000)
  const after = load.count()
  await until(() => load.count() > after + 50)
  const statuses = await load.stop()
  expect([...statuses.keys()]).toEqual([200])
  const total = statuses.get(200) ?? 0
  await until(async () => (await rows()).length >= total, 20_000)
  const stored = await rows()
  expect(stored).toHaveLength(total)
  expect(new Set(stored.map((row) => row['id'])).size).toBe(total)
}, 60_000)

test('Postgres away at the start: it serves, and stores what happened later', async () => {
  await postgres.stop()
  const at = await start()
  for (let count = 0; count < 5; count += 1)
    expect((await at.post('/v1/chat/completions', body)).status).toBe(200)
  const readiness = await at.get('/health/readiness')
  expect(readiness.status).toBe(200)
  expect(await readiness.json()).toMatchObject({ db: 'Not connected' })
  await postgres.start()
  await until(async () => (await dbOf(at)) === 'connected', 20_000)
  await until(async () => (await rows()).length === 5, 20_000)
}, 60_000)

describe('a row', () => {
  async function rowAfter(act: (at: TestGateway) => Promise<void>) {
    const at = await start()
    await until(async () => (await dbOf(at)) === 'connected')
    await act(at)
    await until(async () => (await rows()).length > 0)
    const [row] = await rows()
    return row
  }

  test('of an answer has its usage, of neither prompt nor answer a word', async () => {
    upstream.script(answerChat('a very secret answer'))
    const row = await rowAfter(async (at) => {
      const secret = { ...body, messages: [{ role: 'user', content: 'a very secret prompt' }] }
      await at.post('/v1/chat/completions', secret)
    })
    expect(row).toMatchObject({ module: 'llm', model: 'm', status: 200, outcome: 'ok' })
    expect(JSON.stringify(row)).not.toContain('secret')
    expect(JSON.stringify(row)).toContain('8')
  })

  test('of a stream whose usage the caller did not ask for has it', async () => {
    upstream.script(streamChat({ texts: ['a', 'b', 'c'] }))
    const row = await rowAfter(async (at) => {
      await (await at.post('/v1/chat/completions', { ...body, stream: true })).text()
    })
    expect(row).toMatchObject({ is_stream: true, completion_tokens: '3', outcome: 'ok' })
  })

  test('of a caller that left says so', async () => {
    upstream.script(stall(chatFrames({}, false).slice(0, 2)))
    const row = await rowAfter(async (at) => {
      const controller = new AbortController()
      const asked = fetch(`${at.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${at.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, stream: true }),
        signal: controller.signal,
      })
      await (await asked).body?.getReader().read()
      controller.abort()
    })
    expect(row).toMatchObject({ outcome: 'caller_gone', status: 499 })
  })

  test('of a request cut by shutdown is flushed', async () => {
    upstream.script(stall(chatFrames({}, false).slice(0, 2)))
    const row = await rowAfter(async (at) => {
      const response = await at.post('/v1/chat/completions', { ...body, stream: true })
      const read = response.text()
      await at.close()
      gateway = undefined
      expect(await read).toContain('stream_interrupted')
    })
    expect(row).toMatchObject({ outcome: 'stream_interrupted' })
  })
})
