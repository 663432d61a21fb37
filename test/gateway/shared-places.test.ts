import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import {
  answerChat,
  createFakeUpstream,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGatewayProcess, until, type GatewayProcess } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'

const total = 3

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
const running: GatewayProcess[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())
beforeEach(async () => {
  database = await postgres.createDatabase()
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
  await upstream.close()
})

async function start(env: Record<string, string | undefined> = {}): Promise<GatewayProcess> {
  const queue = { max_wait: 30, max_length: 1_000 }
  const one = await startGatewayProcess({
    config: {
      model_list: [
        {
          ...deployment('m', upstream.url, { max_parallel_requests: total, queue }),
          model_info: { id: 'gpu' },
        },
      ],
    },
    env: { DATABASE_URL: database.url, ...env },
  })
  running.push(one)
  await one.untilReady()
  return one
}

async function untilShared(replicas: number): Promise<void> {
  await until(async () => {
    const rows = await database
      .query('select owner from colonnade.slot_holders where expires_at > now()')
      .catch(() => [])
    return rows.length === replicas
  })
}

/** An upstream that serves each for so long, and counts connections that are still open, whoever opened them. */
function serving(milliseconds: number) {
  const seen = { now: 0, most: 0, all: 0 }
  const behaviour: Behaviour = async (request, response) => {
    seen.all += 1
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    void request.ended.then(() => (seen.now -= 1))
    await sleep(milliseconds)
    await answerChat()(request, response)
  }
  upstream.script(behaviour)
  return seen
}

const messages = [{ role: 'user', content: 'hi' }]

/** A caller that asks again as soon as it is answered, for so long; how many were answered. */
async function askOn(at: GatewayProcess, forMs: number): Promise<number> {
  const endsAt = performance.now() + forMs
  let answered = 0
  while (performance.now() < endsAt) {
    const response = await at.post('/v1/chat/completions', { model: 'm', messages }).catch(() => {})
    if (!response) break
    await response.text().catch(() => '')
    if (response.ok) answered += 1
  }
  return answered
}

async function crowd(at: GatewayProcess, callers: number, forMs: number): Promise<number> {
  const answered = await Promise.all(Array.from({ length: callers }, () => askOn(at, forMs)))
  return answered.reduce((sum, one) => sum + one, 0)
}

test('two gateways together never send more at once than there are places, and both send', async () => {
  const seen = serving(30)
  const [one, two] = [await start(), await start()]
  await untilShared(2)
  const [first, second] = await Promise.all([crowd(one, 12, 4_000), crowd(two, 6, 4_000)])
  expect(seen.most).toBe(total)
  expect(first / (first + second)).toBeGreaterThan(0.35)
  expect(first / (first + second)).toBeLessThan(0.65)
})

test('one gateway that is killed takes no place with it, and none is used twice', async () => {
  const seen = serving(200)
  const [one, two] = [await start(), await start()]
  await untilShared(2)
  const lost = crowd(one, 6, 20_000)
  const rest = crowd(two, 6, 12_000)
  await sleep(2_000)
  one.signal('SIGKILL')
  await lost
  await sleep(8_000)
  expect(seen.most).toBe(total)
  // Long after its lease is over the one that is left has all places, and no more.
  seen.most = 0
  await rest
  expect(seen.most).toBe(total)
}, 60_000)

test('while one is idle the other has every place', async () => {
  const seen = serving(100)
  const [one, two] = [await start(), await start()]
  await untilShared(2)
  await crowd(one, total, 300)
  seen.most = 0
  await crowd(two, total, 600)
  expect(seen.most).toBe(total)
})

test('Postgres comes and goes, and no request fails or goes out beyond the places', async () => {
  const seen = serving(50)
  const [one, two] = [await start(), await start()]
  await untilShared(2)
  // Each has its part by now.
  await Promise.all([crowd(one, 4, 500), crowd(two, 4, 500)])
  const before = seen.all
  const asking = Promise.all([crowd(one, 4, 7_000), crowd(two, 4, 7_000)])
  await sleep(500)
  await postgres.stop()
  await sleep(3_000)
  await postgres.start()
  const [first, second] = await asking
  expect(first + second).toBe(seen.all - before)
  expect(Math.min(first, second)).toBeGreaterThan(10)
  expect(seen.most).toBeLessThanOrEqual(total)
}, 60_000)

test('without Postgres workers of one gateway share the places', async () => {
  const seen = serving(50)
  const one = await start({ DATABASE_URL: undefined, NUM_WORKERS: '2' })
  await crowd(one, 12, 2_000)
  expect(seen.most).toBe(total)
  expect(await one.metric('colonnade_slots_total')).toBe(total)
})
