import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { answerChat, createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import {
  deployment,
  startGateway,
  startGatewayProcess,
  until,
  type GatewayProcess,
  type TestGateway,
} from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'

let postgres: TestPostgres
let database: TestDatabase
let free: FakeUpstream
let paid: FakeUpstream
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  postgres = await createTestPostgres()
})
afterAll(() => postgres.remove())
beforeEach(async () => {
  await postgres.start()
  database = await postgres.createDatabase()
  free = await createFakeUpstream()
  paid = await createFakeUpstream()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  await Promise.all([free.close(), paid.close()])
})

/** A free tier before a paid deployment, under one name. */
function tiers(quota: unknown): Record<string, unknown> {
  return {
    model_list: [
      { ...deployment('m', free.url, { order: 1, quota }), model_info: { id: 'free' } },
      { ...deployment('m', paid.url, { order: 2 }), model_info: { id: 'paid' } },
    ],
  }
}

const options = (quota: unknown) => ({
  config: tiers(quota),
  env: { DATABASE_URL: database.url, MODULE: 'llm' },
})

const isConnected = async (gateway: Pick<TestGateway, 'metric'>) =>
  (await gateway.metric('colonnade_database_connected')) === 1

async function start(quota: unknown): Promise<TestGateway> {
  const gateway = await startGateway(options(quota))
  open.push(gateway)
  await until(() => isConnected(gateway))
  return gateway
}

async function startProcess(quota: unknown, workers = '1'): Promise<GatewayProcess> {
  const { config, env } = options(quota)
  const gateway = await startGatewayProcess({ config, env: { ...env, NUM_WORKERS: workers } })
  open.push(gateway)
  await gateway.untilReady()
  await until(() => isConnected(gateway))
  return gateway
}

const ask = ({ client }: Pick<TestGateway, 'client'>, more = {}) =>
  client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  })

/** So many calls, some at once, by turns to each gateway. */
async function askAll(
  gateways: readonly Pick<TestGateway, 'client'>[],
  calls: number,
  more = {},
): Promise<void> {
  let left = calls
  const worker = async (first: number): Promise<void> => {
    for (let turn = first; left > 0; turn += 1) {
      left -= 1
      const gateway = gateways[turn % gateways.length]
      if (gateway) await ask(gateway, more)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, index) => worker(index)))
}

const used = () => [free.requests.length, paid.requests.length]
const remaining = (gateway: Pick<TestGateway, 'metric'>) =>
  gateway.metric('colonnade_quota_remaining', { model_deployment: 'free' })

const told = (gateways: readonly TestGateway[]) => Promise.all(gateways.map(remaining))

/** What the database knows to be used. */
async function usedByLedger(): Promise<unknown> {
  const [row] = await database.query('select sum(spent)::float8 as spent from colonnade.counters')
  return row?.['spent']
}

const daily = (amount: number) => ({ unit: 'requests', amount, per: 'day' })

describe('two gateways on one Postgres', () => {
  test.each([
    ['by the calendar', daily(60)],
    ['rolling', { ...daily(60), per: 'hour', resets: 'rolling' }],
  ])('send what is free to the free one and no more, then pay: %s', async (_, quota) => {
    const gateways = [await start(quota), await start(quota)]
    await askAll(gateways, 100)
    expect(used()).toEqual([60, 40])
  })

  test('the last of it is used by whoever comes, though the other one leased it', async () => {
    const gateways = [await start(daily(50)), await start(daily(50))]
    const [first, second] = gateways
    if (!first || !second) throw new Error('two were started')
    await askAll([first], 30)
    await askAll([second], 30)
    expect(used()).toEqual([50, 10])
  })

  test('have one rpm, where it is a limit', async () => {
    const config = {
      model_list: [deployment('m', free.url, { rpm: 30 })],
      router_settings: { routing_strategy: 'usage-based-routing-v2', num_retries: 0 },
    }
    const env = { DATABASE_URL: database.url, MODULE: 'llm' }
    const gateways = await Promise.all([1, 2].map(() => startGateway({ config, env })))
    open.push(...gateways)
    for (const gateway of gateways) await until(() => isConnected(gateway))
    const calls = gateways.flatMap((gateway) => Array.from({ length: 25 }, () => ask(gateway)))
    const answers = await Promise.allSettled(calls)
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(30)
    expect(free.requests.length).toBe(30)
  })

  test('tokens are one amount for both', async () => {
    free.script(
      answerChat('hi', { usage: { prompt_tokens: 5, completion_tokens: 95, total_tokens: 100 } }),
    )
    const quota = { unit: 'tokens', amount: 5_000, per: 'day' }
    const gateways = [await start(quota), await start(quota)]
    await askAll(gateways, 100, { max_tokens: 95 })
    expect(free.requests.length).toBeLessThanOrEqual(50)
    expect(free.requests.length).toBeGreaterThanOrEqual(48)
  })
})

test('the workers of one gateway have one quota, and tell of it as one', async () => {
  const gateway = await startProcess(daily(40), '2')
  await askAll([gateway], 70)
  expect(used()).toEqual([40, 30])
  const day = { model_deployment: 'free', period: 'day' }
  await until(async () => (await remaining(gateway)) === 0)
  expect(await gateway.metric('colonnade_quota_limit', day)).toBe(40)
  expect(await gateway.metric('colonnade_quota_resets_seconds', day)).toBeLessThanOrEqual(86_400)
  const health: unknown = await (await gateway.get('/health')).json()
  expect(JSON.stringify(health)).toContain(
    '"quotas":[{"unit":"requests","per":"day","amount":40,"remaining":0,',
  )
})

describe('restarts', () => {
  test('a gateway that went down knows what it used', async () => {
    const gateway = await start(daily(20))
    await askAll([gateway], 12)
    await gateway.close()
    open.splice(0)
    await askAll([await start(daily(20))], 12)
    expect(used()).toEqual([20, 4])
  })

  test('a gateway that is killed may leave some unused, and never lets too much through', async () => {
    const killed = await startProcess(daily(40))
    const other = await start(daily(40))
    await askAll([killed, other], 20)
    killed.signal('SIGKILL')
    await killed.ended
    await askAll([other], 40)
    expect(free.requests.length).toBeLessThanOrEqual(40)
    expect(free.requests.length).toBeGreaterThan(20)
    expect(free.requests.length + paid.requests.length).toBe(60)
  })
})

describe('while Postgres is away', () => {
  test('a gateway that has never seen it counts for itself, and tells it when it comes', async () => {
    await postgres.stop()
    const gateway = await startGateway(options(daily(20)))
    open.push(gateway)
    await askAll([gateway], 15)
    expect(used()).toEqual([15, 0])
    await postgres.start()
    await until(() => isConnected(gateway), 30_000)
    await until(async () => (await usedByLedger()) === 15)
    await askAll([gateway, await start(daily(20))], 15)
    expect(used()).toEqual([20, 10])
  })

  test('calls are answered, and the two together send no more than is free', async () => {
    const gateways = [await start(daily(60)), await start(daily(60))]
    await askAll(gateways, 20)
    // What each knew last is what it shares out in an outage.
    await until(async () => (await told(gateways)).every((left) => left === 40))
    await postgres.stop()
    await askAll(gateways, 100)
    expect(free.requests.length + paid.requests.length).toBe(120)
    expect(free.requests.length).toBeLessThanOrEqual(60)
    const left = 60 - free.requests.length
    await postgres.start()
    // Each tells what it used meanwhile; from then on the count is one again.
    await until(async () => (await told(gateways)).every((one) => one === left), 30_000)
    await until(async () => (await Promise.all(gateways.map(isConnected))).every(Boolean), 30_000)
    await until(async () => (await usedByLedger()) === 60 - left)
    await askAll(gateways, 80)
    expect(free.requests.length).toBe(60)
  })
})
