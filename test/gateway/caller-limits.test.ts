import Anthropic from '@anthropic-ai/sdk'
import { randomBytes } from 'node:crypto'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  createFakeUpstream,
  hang,
  streamChat,
  type Behaviour,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../doubles/postgres.ts'
import { keysIn } from '../doubles/virtual-keys.ts'

const salt = randomBytes(32).toString('hex')
const messages = [{ role: 'user' as const, content: 'hi' }]
/** A token of a prompt or an answer: a dollar each million, ten for `dear`. */
const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.000001 }
const dear = { input_cost_per_token: 0.00001, output_cost_per_token: 0.00001 }
/** Chat answers of 8 tokens. */
const cheapNano = 8 * 1000

let postgres: TestPostgres
let database: TestDatabase
let upstream: FakeUpstream
let llm: TestGateway
let vision: TestGateway
let keys: ReturnType<typeof keysIn>

function configOf(general: Readonly<Record<string, unknown>> = {}) {
  const at = (name: string, params = {}, info = {}) => ({
    ...deployment(name, upstream.url, { model: `openai/${name}`, num_retries: 0, ...params }),
    model_info: info,
  })
  return {
    model_list: [
      at('m', price, { max_output_tokens: 1000 }),
      at('dear', dear),
      at('falls', { ...price, timeout: 0.3 }),
      at('free'),
      at('other', { ...price, model: 'ollama_chat/llama', api_base: upstream.url }),
    ],
    router_settings: { fallbacks: [{ falls: ['dear'] }], cooldown_time: 0 },
    general_settings: general,
  }
}

const envOf = (MODULE: string) => ({ MODULE, DATABASE_URL: database.url, SALT_KEY: salt })

beforeAll(async () => {
  postgres = await createTestPostgres()
  database = await postgres.createDatabase()
  upstream = await createFakeUpstream()
  llm = await startGateway({ config: configOf(), env: envOf('llm') })
  vision = await startGateway({ config: configOf(), env: envOf('vision') })
  keys = keysIn(database, salt)
  for (const { url } of [llm, vision]) {
    await until(async () => {
      const answer = await fetch(`${url}/health/readiness`)
      return (await answer.text()).includes('"db":"connected"')
    })
  }
})
afterAll(async () => {
  await Promise.all([llm.close(), vision.close()])
  await upstream.close()
  await postgres.remove()
})
beforeEach(() => upstream.script(answerChat()))

const clientOf = ({ url }: TestGateway, apiKey: string) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, timeout: 20_000 })

function ask(
  gateway: TestGateway,
  apiKey: string,
  more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {},
) {
  return clientOf(gateway, apiKey).chat.completions.create({ model: 'm', messages, ...more })
}

/** So many requests at once, by turns to both gateways; gives what was refused. */
async function askMany(count: number, apiKey: string, more = {}): Promise<unknown[]> {
  const all = await Promise.allSettled(
    Array.from({ length: count }, (_, index) => ask(index % 2 ? llm : vision, apiKey, more)),
  )
  return all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
}

async function spentOf(start: string): Promise<number> {
  const rows = await database.query(
    `select sum(spent + excess)::float8 as n from colonnade.counters where key like $1 || '%'`,
    [start],
  )
  return Number(rows[0]?.['n'] ?? 0)
}

async function rowsOf(apiKey: string) {
  return database.query(
    'select cost_nano::float8 as nano, outcome from colonnade.spend_logs where caller = $1',
    [keys.digestOf(apiKey)],
  )
}

describe('one key on two modules', () => {
  test('sends exactly its requests a minute, and its owner is told what, of whom and until when', async () => {
    const key = await keys.add({ settings: { rpm_limit: 10 } })
    const before = upstream.requests.length
    const refused = await askMany(24, key)
    expect(upstream.requests.length - before).toBe(10)
    expect(refused).toHaveLength(14)
    const [first] = refused
    if (!(first instanceof OpenAI.RateLimitError)) throw first
    expect(first.message).toMatch(
      new RegExp(
        `^429 Rate limit exceeded for key sk-\\.\\.\\.${key.slice(-4)}\\. Limit type: requests per minute\\. Current limit: 10, Remaining: 0\\. Limit resets at: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC$`,
      ),
    )
    expect(first).toMatchObject({ code: 'rate_limit_exceeded', type: 'rate_limit_error' })
    expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(10)
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('10')
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    expect(first.headers.get('x-ratelimit-reset-requests')).toMatch(/^(1m)?\d+s$/)
    expect(first.headers.get('x-litellm-key-rpm-limit')).toBe('10')
  })

  test('spends no more than its budget, and the ledger says what the rows say', async () => {
    await keys.addTeam('research', { max_budget: 1, metadata: {} })
    const key = await keys.add({
      teamId: 'research',
      settings: { max_budget: 0.001, budget_duration: '30d', tpd_limit: 100_000 },
    })
    // It pays 125 answers of 8 tokens; each holds a hundred and its prompt until it is known.
    const refused = await askMany(40, key, { max_tokens: 100 })
    expect(refused.length).toBeGreaterThan(0)
    for (let count = 0; count < 200; count += 1) {
      const [failure] = await askMany(1, key, { max_tokens: 100 })
      if (failure) break
    }
    const failure = await ask(vision, key, { max_tokens: 100 }).catch((error: unknown) => error)
    if (!(failure instanceof OpenAI.RateLimitError)) throw failure
    expect(failure.message).toMatch(
      /^429 Budget has been exceeded! Current cost: 0\.000\d+, Max budget: 0\.001 \(key sk-\.\.\..{4}, per 30d\)\. This request may cost up to 0\.0001\d+ beside what runs already: lower its max_tokens or shorten its prompt\. Limit resets at: \d{4}-\d\d-01 00:00:00 UTC$/,
    )
    expect(failure).toMatchObject({ code: 'budget_exceeded', type: 'insufficient_quota' })
    expect(failure.headers.get('x-litellm-key-max-budget')).toBe('0.001')
    const id = keys.digestOf(key)
    await until(async () => {
      const rows = await rowsOf(key)
      const nano = rows.reduce((sum, row) => sum + Number(row['nano'] ?? 0), 0)
      const ledger = await spentOf(`caller:key:${id}:nano`)
      return nano > 0 && nano === ledger && nano === (await spentOf('caller:team:research:nano'))
    })
    const spent = await spentOf(`caller:key:${id}:nano`)
    expect(spent).toBeLessThanOrEqual(1_000_000)
    expect(spent).toBeGreaterThan(1_000_000 - 120_000)
    expect(spent % cheapNano).toBe(0)
  })

  test('has no more requests at once than it may', async () => {
    const key = await keys.add({ settings: { max_parallel_requests: 2 } })
    const open: (() => void)[] = []
    upstream.script(async (request, response) => {
      await new Promise<void>((resolve) => void open.push(resolve))
      await answerChat()(request, response)
    })
    const two = [ask(llm, key), ask(llm, key)]
    await until(() => open.length === 2)
    for (const gateway of [llm, vision]) {
      await expect(ask(gateway, key)).rejects.toThrow(
        /Limit type: parallel requests\. Current limit: 2/,
      )
    }
    for (const end of open.splice(0)) end()
    await Promise.all(two)
    const again = ask(vision, key)
    await until(() => open.length === 1)
    for (const end of open.splice(0)) end()
    await again
  })

  test('a limit that is raised in the database is felt, by a key that was refused too', async () => {
    const key = await keys.add({ settings: { rpd_limit: 1 } })
    await ask(llm, key)
    await expect(ask(vision, key)).rejects.toThrow(/requests per day/)
    await database.query(`update colonnade.keys set settings = '{"rpd_limit": 3}' where id = $1`, [
      keys.digestOf(key),
    ])
    await until(async () => (await ask(vision, key).catch(() => undefined)) !== undefined)
    await ask(llm, key)
    await expect(ask(llm, key)).rejects.toThrow(/Current limit: 3, Remaining: 0/)
  })

  test('a model of a key has limits of its own', async () => {
    const key = await keys.add({ settings: { model_rpm_limit: { dear: 1 } } })
    await ask(llm, key, { model: 'dear' })
    await expect(ask(vision, key, { model: 'dear' })).rejects.toThrow(/for model dear\. Limit type/)
    await ask(vision, key)
  })
})

describe('what is sent for a key that is limited in tokens or money', () => {
  const bodyOf = (): Record<string, unknown> =>
    JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '')

  test('has a maximum, the lesser of the model and the module; who names one keeps it', async () => {
    const limited = await keys.add({ settings: { tpm_limit: 1_000_000 } })
    await ask(llm, limited)
    expect(bodyOf()).toEqual({ max_tokens: 1000, model: 'm', messages })
    await ask(llm, limited, { model: 'dear' })
    expect(bodyOf()).toMatchObject({ max_tokens: 4096 })
    await ask(llm, limited, { max_completion_tokens: 7 })
    expect(bodyOf()).toEqual({ model: 'm', messages, max_completion_tokens: 7 })
    await ask(llm, limited, { model: 'other' }).catch(() => undefined)
    expect(bodyOf()).toMatchObject({ model: 'llama', options: { num_predict: 4096 } })
    const free = await keys.add({ settings: { rpm_limit: 100 } })
    await ask(llm, free)
    expect(bodyOf()).toEqual({ model: 'm', messages })
  })

  test('tokens are held at their worst and counted at what they were', async () => {
    const key = await keys.add({ settings: { tpm_limit: 1200 } })
    const { response } = await ask(llm, key).withResponse()
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('1200')
    expect(Number(response.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(1200)
    const failure = await ask(llm, key, { max_tokens: 5000, model: 'dear' }).catch(
      (e: unknown) => e,
    )
    expect(String(failure)).toMatch(
      /Limit type: tokens per minute\. Current limit: 1200, Remaining: 119\d\. This request may use up to 5,0\d\d tokens: lower its max_tokens or shorten its prompt\./,
    )
    await ask(llm, key, { max_tokens: 1000 })
  })

  test('an upstream says nothing of its own limits to it', async () => {
    const told = { 'x-ratelimit-remaining-requests': '777', 'x-ratelimit-limit-tokens': '888' }
    upstream.script((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...told })
      response.end(JSON.stringify({ model: 'm', choices: [{ message: { content: 'a' } }] }))
    })
    const key = await keys.add({ settings: { rpm_limit: 5 } })
    const { response } = await ask(llm, key).withResponse()
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('4')
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBeNull()
    const { response: master } = await ask(llm, llm.key).withResponse()
    expect(master.headers.get('x-ratelimit-remaining-requests')).toBe('777')
  })
})

describe('in the ledger stands what the rows say', () => {
  const settled = async (key: string, outcomes: readonly string[]) => {
    await until(async () => {
      const rows = await rowsOf(key)
      const nano = rows.reduce((sum, row) => sum + Number(row['nano'] ?? 0), 0)
      const ledger = await spentOf(`caller:key:${keys.digestOf(key)}:nano`)
      return rows.length === outcomes.length && nano === ledger
    })
    expect((await rowsOf(key)).map(({ outcome }) => outcome)).toEqual(outcomes)
    return spentOf(`caller:key:${keys.digestOf(key)}:nano`)
  }
  const limited = () => keys.add({ settings: { max_budget: 1 } })

  test('of an attempt that may have been paid and the dearer one after it, both', async () => {
    const key = await limited()
    const playing: Behaviour = (request, response) =>
      /"falls"/.test(request.body.toString())
        ? hang(request, response)
        : answerChat()(request, response)
    upstream.script(playing)
    await ask(llm, key, { model: 'falls' })
    // The prompt that nobody answered, and 8 tokens at ten times the price.
    const nano = await settled(key, ['ok'])
    expect(nano).toBeGreaterThan(80_000)
    expect(nano).toBeLessThan(100_000)
  })

  test('of a stream that its caller leaves', async () => {
    const key = await limited()
    upstream.script(streamChat({ texts: ['one', 'two', 'three', 'four'], delayMs: 50 }))
    const stream = await clientOf(llm, key).chat.completions.create({
      model: 'm',
      messages,
      stream: true,
    })
    for await (const _ of stream) break
    stream.controller.abort()
    expect(await settled(key, ['caller_gone'])).toBeGreaterThan(0)
  })

  test('of a request that its upstream refuses, nothing', async () => {
    const key = await limited()
    upstream.script(answerError(400))
    await expect(ask(llm, key)).rejects.toThrow()
    expect(await settled(key, ['upstream_rejected'])).toBe(0)
  })
})

test('a budget that cannot pay a dearer model ends the fallback to it', async () => {
  const key = await keys.add({ settings: { max_budget: 0.001 } })
  upstream.script(answerError(500, {}))
  const before = upstream.requests.length
  await expect(ask(llm, key, { model: 'falls', max_tokens: 200 })).rejects.toThrow(
    /Budget has been exceeded!/,
  )
  expect(upstream.requests.length - before).toBe(1)
})

test('whoever speaks Messages is refused in its words', async () => {
  const key = await keys.add({ settings: { rpd_limit: 0 } })
  const client = new Anthropic({ baseURL: llm.url, apiKey: key, maxRetries: 0 })
  const failure = await client.messages
    .create({ model: 'm', max_tokens: 5, messages })
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Anthropic.RateLimitError)
  expect(String(failure)).toContain('Rate limit exceeded for key')
  expect(failure).toMatchObject({ error: { type: 'error', error: { type: 'rate_limit_error' } } })
})

describe('a customer whom a caller names', () => {
  const add = (id: string, values: string) =>
    database.query(`insert into colonnade.customers (id, budget_id, is_blocked) values ${values}`, [
      id,
    ])

  test('has a budget of its own, whoever asks for it', async () => {
    await database.query(`insert into colonnade.budgets (id, settings) values ('small', $1)`, [
      JSON.stringify({ rpd_limit: 2 }),
    ])
    await add('ann', `($1, 'small', false)`)
    const key = await keys.add()
    await until(async () => {
      const { response } = await ask(llm, llm.key, { user: 'ann' }).withResponse()
      return response.headers.get('x-ratelimit-limit-requests') === '2'
    })
    await until(async () => {
      const failure: unknown = await ask(vision, key, { user: 'ann' }).catch((e: unknown) => e)
      return failure instanceof OpenAI.RateLimitError
    })
    await expect(ask(llm, key, { user: 'ann' })).rejects.toThrow(
      /Rate limit exceeded for customer ann\. Limit type: requests per day\./,
    )
    await ask(llm, key, { user: 'ben' })
  })

  test('is refused while it is blocked', async () => {
    await add('mallory', `($1, null, true)`)
    const key = await keys.add()
    await until(async () => {
      const failure: unknown = await ask(llm, key, { user: 'mallory' }).catch((e: unknown) => e)
      return failure instanceof OpenAI.PermissionDeniedError
    })
    await database.query(`update colonnade.customers set is_blocked = false where id = 'mallory'`)
    await until(async () => {
      const answer = await ask(llm, key, { user: 'mallory' }).catch(() => undefined)
      return answer !== undefined
    })
  })
})

test('limits of a module hold for everybody on it, the master key too', async () => {
  const limits = { rpd_limit: 3, max_budget: 0.5 }
  const audio = await startGateway({ config: configOf({ limits }), env: envOf('audio') })
  try {
    const key = await keys.add()
    await ask(audio, audio.key)
    await ask(audio, key)
    const { response } = await ask(audio, audio.key).withResponse()
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    for (const one of [key, audio.key])
      await expect(ask(audio, one)).rejects.toThrow(
        /Rate limit exceeded for module audio\. Limit type: requests per day\. Current limit: 3/,
      )
    await ask(llm, key)
  } finally {
    await audio.close()
  }
  expect(await spentOf('caller:module:audio:nano')).toBe(3 * cheapNano)
})
