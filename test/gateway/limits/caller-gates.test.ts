import { describe, expect, test } from 'vitest'

import { toGatewayError } from '../../../gateway/errors/envelope.ts'
import type { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import type { CallerAdmission, CallerAsk, CallerGate } from '../../../gateway/limits/caller-gate.ts'
import { accessOf, ask, gatesOf, holder, moduleOf } from './caller-doubles.ts'
import { setUpLedger, until } from './set-up-ledger.ts'

const { createReplica, row, database } = setUpLedger()

const llm = moduleOf('llm')
const dollars = (amount: number) => Math.round(amount * 1e9)

async function tryAdmit(
  gate: CallerGate | undefined,
  asked: Partial<CallerAsk> = {},
): Promise<CallerAdmission | GatewayError> {
  if (!gate) throw new Error('nothing limits it')
  try {
    return await gate.admit(ask(asked))
  } catch (thrown) {
    return toGatewayError(thrown)
  }
}

async function admit(gate: CallerGate | undefined, asked: Partial<CallerAsk> = {}) {
  const admission = await tryAdmit(gate, asked)
  if (admission instanceof Error) throw admission
  return admission
}

async function refusal(gate: CallerGate | undefined, asked: Partial<CallerAsk> = {}) {
  const failure = await tryAdmit(gate, asked)
  if (!(failure instanceof Error)) throw new Error('it was admitted')
  return failure
}

const sent = { tokens: 0, nano: 0, wasSent: true }

describe('among two processes of two modules', () => {
  test('requests a minute are exactly the limit, whoever is asked', async () => {
    const replicas = [createReplica(), createReplica()]
    const access = accessOf(holder('key', 'aB3d', { requestsPerMinute: 30 }))
    const gates = replicas.map((replica, index) =>
      gatesOf(replica).of(access, moduleOf(`m${index}`)),
    )
    await until(() => replicas.every(({ notices }) => notices.mode === 'listening'))
    const all = await Promise.all(
      gates.flatMap((gate) => Array.from({ length: 25 }, () => tryAdmit(gate))),
    )
    const admitted = all.flatMap((one) => (one instanceof Error ? [] : [one]))
    expect(admitted).toHaveLength(30)
    for (const one of admitted) one.settle(sent)
    const [refused] = all.filter((one) => one instanceof Error)
    expect(refused?.message).toMatch(
      /^Rate limit exceeded for key sk-\.\.\.aB3d\. Limit type: requests per minute\. Current limit: 30, Remaining: 0\. Limit resets at: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
    )
    expect(refused?.retryAfterSeconds).toBeGreaterThan(20)
    expect(refused?.retryAfterSeconds).toBeLessThanOrEqual(61)
  })

  test('of a hierarchy every budget holds, and what is refused by one takes nothing of the others', async () => {
    const replicas = [createReplica(), createReplica()]
    const [one, other] = replicas.map((replica) => gatesOf(replica))
    const team = holder('team', 'research', { budgets: [{ nano: dollars(10) }] })
    const keys = ['a', 'b'].map((id) =>
      accessOf(holder('key', id, { budgets: [{ nano: dollars(7), duration: '30d' }] }), team),
    )
    const [first, second] = [one?.of(keys[0], llm), other?.of(keys[1], llm)]
    const spend = async (gate: CallerGate | undefined, nano: number) =>
      (await admit(gate, { nano })).settle({ ...sent, nano })
    await spend(first, dollars(6))
    expect((await refusal(first, { nano: dollars(2) })).message).toBe(
      'Budget has been exceeded! Current cost: 6, Max budget: 7 (key sk-...a, per 30d). This request may cost up to 2 beside what runs already: lower its max_tokens or shorten its prompt.' +
        ` Limit resets at: ${nextMonth()} 00:00:00 UTC`,
    )
    await spend(second, dollars(4))
    const refused = await refusal(second, { nano: dollars(1) })
    expect(refused.message).toBe(
      'Budget has been exceeded! Current cost: 10, Max budget: 10 (team research). It does not reset by itself.',
    )
    expect(refused).toMatchObject({ code: 'budget_exceeded', status: 429 })
    expect(refused.retryAfterSeconds).toBeUndefined()
    // What costs nothing goes on.
    ;(await admit(second, { nano: 0 })).settle(sent)
    for (const { counters } of replicas) await counters.tell()
    expect(await row('caller:key:b:nano:30d')).toMatchObject({ spent: dollars(4), excess: 0 })
  })

  test('requests at once are counted, and a place is free as soon as one ends', async () => {
    const gates = gatesOf(createReplica())
    const gate = gates.of(accessOf(holder('user', 'ann', { atOnce: 2 })), llm)
    const [first] = [await admit(gate), await admit(gate)]
    expect((await refusal(gate)).message).toMatch(
      /^Rate limit exceeded for user ann\. Limit type: parallel requests\. Current limit: 2, Remaining: 0\./,
    )
    first.settle(sent)
    first.settle(sent)
    ;(await admit(gate)).settle(sent)
  })
})

function nextMonth(): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString().slice(0, 10)
}

test('limits of a model hold for it alone, by its name, its pattern, or what the caller calls it', async () => {
  const gates = gatesOf(createReplica())
  const access = accessOf(
    holder(
      'key',
      'a',
      {},
      { ofModels: { 'gpt-*': { requestsPerMinute: 2 }, tiny: { requestsPerDay: 1 } } },
    ),
  )
  const gate = gates.of(access, llm)
  ;(await admit(gate, { model: 'gpt-4' })).settle(sent)
  ;(await admit(gate, { model: 'other', asked: 'gpt-mine' })).settle(sent)
  expect((await refusal(gate, { model: 'gpt-5' })).message).toMatch(
    /^Rate limit exceeded for key sk-\.\.\.a for model gpt-\*\. Limit type: requests per minute\./,
  )
  ;(await admit(gate, { model: 'tiny' })).settle(sent)
  expect((await refusal(gate, { model: 'tiny' })).message).toContain('requests per day')
  ;(await admit(gate, { model: 'another' })).settle(sent)
})

test('limits of a module hold on it alone', async () => {
  const gates = gatesOf(createReplica())
  const access = accessOf(holder('key', 'a', {}, { ofModules: { llm: { requestsPerMinute: 1 } } }))
  ;(await admit(gates.of(access, llm))).settle(sent)
  expect((await refusal(gates.of(access, llm))).message).toContain('key sk-...a on module llm')
  expect(gates.of(access, moduleOf('audio'))).toBeUndefined()
})

test('a limit that is raised is felt at once, by the refused too, and one that is lowered', async () => {
  const gates = gatesOf(createReplica())
  const gateWith = (requestsPerDay: number) =>
    gates.of(accessOf(holder('key', 'a', { requestsPerDay })), llm)
  ;(await admit(gateWith(1))).settle(sent)
  expect((await refusal(gateWith(1))).code).toBe('rate_limit_exceeded')
  const raised = gateWith(3)
  ;(await admit(raised)).settle(sent)
  const lowered = gateWith(2)
  expect((await refusal(lowered)).message).toContain('Current limit: 2')
  expect(gates.of(accessOf(holder('key', 'a', {})), llm)).toBeUndefined()
})

test('a document that changes the limits of its module changes them for everybody', async () => {
  const gates = gatesOf(createReplica())
  const gateWith = (rpd_limit: number) =>
    gates.of(undefined, moduleOf('llm', { limits: { rpd_limit } }))
  ;(await admit(gateWith(1))).settle(sent)
  expect((await refusal(gateWith(1))).message).toContain('for module llm. Limit type: requests per')
  ;(await admit(gateWith(2))).settle(sent)
  expect((await refusal(gateWith(2))).message).toContain('Current limit: 2')
  expect(gates.of(undefined, moduleOf('llm'))).toBeUndefined()
})

test('a budget of 30 seconds begins anew by the clock of the database', async () => {
  const clock = { unixMs: Date.parse('2026-05-05T12:00:10Z') }
  const gates = gatesOf(createReplica({ clock }), () => clock.unixMs)
  const budgets = [{ nano: 1000, duration: '30s' }]
  const gate = gates.of(accessOf(holder('key', 'a', { budgets })), llm)
  ;(await admit(gate, { nano: 900 })).settle({ ...sent, nano: 900 })
  const refused = await refusal(gate, { nano: 200 })
  expect(refused.message).toContain('Limit resets at: 2026-05-05 12:00:30 UTC')
  expect(refused.retryAfterSeconds).toBe(20)
  clock.unixMs += 20_000
  ;(await admit(gate, { nano: 200 })).settle({ ...sent, nano: 200 })
})

describe('what a request holds', () => {
  test('is settled once, at what was used; more than was held is an excess that is told', async () => {
    const replica = createReplica()
    const gates = gatesOf(replica)
    const budgets = [{ nano: 1000 }]
    const gate = gates.of(accessOf(holder('key', 'a', { budgets, tokensPerDay: 100 })), llm)
    const [small, large] = [
      await admit(gate, { nano: 600, tokens: 60 }),
      await admit(gate, { nano: 300, tokens: 30 }),
    ]
    expect(small.holds()).toMatchObject([
      { key: 'caller:key:a:tokens:day day from minute 0 UTC', amount: 60 },
      { key: 'caller:key:a:nano:ever ever', startsAtMs: 0, amount: 600 },
    ])
    small.settle({ tokens: 20, nano: 100, wasSent: true })
    small.settle({ tokens: 50, nano: 500, wasSent: true })
    large.settle({ tokens: undefined, nano: 950, wasSent: true })
    await replica.counters.tell()
    expect(await row('caller:key:a:nano:ever')).toMatchObject({
      spent: 1000,
      excess: 50,
      leased: 0,
    })
    expect(await row('caller:key:a:tokens:day')).toMatchObject({ spent: 50 })
    expect(Object.fromEntries(gates.counts.exceeded)).toEqual({ nano: 1 })
  })

  test('grows for a further attempt, or the attempt is refused', async () => {
    const replica = createReplica()
    const gate = gatesOf(replica).of(
      accessOf(holder('key', 'a', { budgets: [{ nano: 1000 }] })),
      llm,
    )
    const admission = await admit(gate, { nano: 400 })
    expect(admission.cover(400)).toBeUndefined()
    await admission.cover(900)
    await expect(Promise.resolve(admission.cover(1100))).rejects.toMatchObject({
      code: 'budget_exceeded',
    })
    expect(admission.holds().map(({ amount }) => amount)).toEqual([400, 500])
    admission.settle({ tokens: 0, nano: 700, wasSent: true })
    await replica.counters.tell()
    expect(await row('caller:key:a:nano:ever')).toMatchObject({ spent: 700, excess: 0 })
    ;(await admit(gate, { nano: 300 })).settle(sent)
  })

  test('of one that was never sent only the request stays used', async () => {
    const replica = createReplica()
    const settings = { budgets: [{ nano: 1000 }], tokensPerDay: 10, requestsPerDay: 5 }
    const gate = gatesOf(replica).of(accessOf(holder('key', 'a', settings)), llm)
    const admission = await admit(gate, { nano: 1000, tokens: 10 })
    admission.settle({ tokens: undefined, nano: undefined, wasSent: false })
    ;(await admit(gate, { nano: 1000, tokens: 10 })).settle(sent)
    await replica.counters.tell()
    expect(await row('caller:key:a:requests:day')).toMatchObject({ spent: 2 })
    expect(await row('caller:key:a:tokens:day')).toMatchObject({ spent: 0 })
  })
})

test('headers tell of the tightest limits and of the key', async () => {
  const gates = gatesOf(createReplica())
  const key = { requestsPerMinute: 10, tokensPerMinute: 5000, budgets: [{ nano: dollars(2) }] }
  const access = accessOf(holder('key', 'a', key), holder('team', 't', { requestsPerDay: 3 }))
  const gate = gates.of(access, llm)
  const admission = await admit(gate, { tokens: 4000, nano: dollars(1) })
  const headers = (flat: readonly string[]) =>
    Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : [])))
  expect(headers(admission.headers())).toMatchObject({
    'x-ratelimit-limit-requests': '3',
    'x-ratelimit-remaining-requests': '2',
    'x-ratelimit-limit-tokens': '5000',
    'x-ratelimit-remaining-tokens': '1000',
    'x-litellm-key-spend': '0',
    'x-litellm-key-max-budget': '2',
    'x-litellm-key-rpm-limit': '10',
    'x-litellm-key-tpm-limit': '5000',
  })
  admission.settle({ tokens: 1500, nano: dollars(0.25), wasSent: true })
  expect(headers(gate?.headers('m') ?? [])).toMatchObject({
    'x-ratelimit-remaining-tokens': '3500',
    'x-litellm-key-spend': '0.25',
  })
})

test('who spends more than a soft budget is warned once a window, and told in a header', async () => {
  const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
  const gates = gatesOf(createReplica({ clock }), () => clock.unixMs)
  const settings = { budgets: [{ nano: dollars(5), duration: '1d' }], softBudgetNano: dollars(1) }
  const gate = gates.of(accessOf(holder('team', 'ünit', settings)), llm)
  const spend = async (amount: number) => {
    const admission = await admit(gate, { nano: dollars(amount) })
    admission.settle({ ...sent, nano: dollars(amount) })
    return admission.headers()
  }
  expect(await spend(0.75)).not.toContain('x-soft-budget-warning')
  expect(gates.warned).toEqual([])
  expect(await spend(0.5)).toContain('team ?nit has spent 1.25 of a soft budget of 1')
  await spend(0.5)
  expect(gates.warned).toEqual([
    'team ünit has spent 1.25 of its budget per 1d: more than the soft budget of 1',
  ])
  clock.unixMs += 86_400_000
  await spend(2)
  expect(gates.warned).toHaveLength(2)
})

test('a soft budget alone bounds no answer and refuses nobody', async () => {
  const gates = gatesOf(createReplica())
  const gate = gates.of(accessOf(holder('key', 'a', { softBudgetNano: 100 })), llm)
  expect(gate?.isBounding('m')).toBe(false)
  const admission = await admit(gate)
  admission.settle({ ...sent, nano: 250 })
  expect(admission.headers()).toContain(
    'key sk-...a has spent 0.00000025 of a soft budget of 0.0000001',
  )
  expect(gates.counts.exceeded.size).toBe(0)
  expect(gates.warned).toHaveLength(1)
})

describe('while Postgres is away', () => {
  test.each(['lease', 'allow', 'deny'])('%s', async (mode) => {
    const replica = createReplica()
    const module = moduleOf('llm', { on_database_outage: mode })
    const gates = gatesOf(replica)
    const gate = gates.of(
      accessOf(holder('key', 'a', { requestsPerDay: 1000, tokensPerDay: 1e6 })),
      module,
    )
    ;(await admit(gate)).settle(sent)
    const held = await admit(gate, { tokens: 500 })
    held.settle({ ...sent, tokens: 100 })
    replica.connection.pool = undefined
    const all = await Promise.all(Array.from({ length: 20 }, () => tryAdmit(gate, { tokens: 400 })))
    const failures = all.filter((one) => one instanceof Error)
    if (mode === 'allow') return expect(failures).toEqual([])
    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'storage_unavailable', status: 503 })
    expect(failures[0]?.message).toMatch(
      mode === 'lease'
        ? /^The database is away, and only it could tell what is left of the/
        : /on_database_outage: deny/,
    )
    if (mode === 'deny') expect(failures).toHaveLength(20)
    else expect(failures.length).toBeLessThan(20)
    replica.connection.pool = replica.pool
    await until(async () => !((await tryAdmit(gate, { tokens: 400 })) instanceof Error))
  })

  test('what is known to be used up is a limit, not an outage', async () => {
    const replica = createReplica()
    const gate = gatesOf(replica).of(accessOf(holder('key', 'a', { requestsPerDay: 1 })), llm)
    ;(await admit(gate)).settle(sent)
    expect((await refusal(gate)).status).toBe(429)
    replica.connection.pool = undefined
    expect((await refusal(gate)).code).toBe('rate_limit_exceeded')
  })
})

const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('requests whose worst case is more than a slice do not each wait for the ledger', async () => {
  const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
  let exchanges = 0
  let pending = 0
  const replica = createReplica({
    clock,
    between: (ledger) => ({
      ...ledger,
      state: () => ledger.state(),
      exchange: (asks, ttlMs) => {
        exchanges += 1
        pending += 1
        return ledger.exchange(asks, ttlMs).finally(() => (pending -= 1))
      },
    }),
  })
  const settings = { budgets: [{ nano: 1_000_000 }], requestsPerMinute: 60, tokensPerDay: 100_000 }
  const team = holder('team', 't', settings)
  const gate = gatesOf(replica).of(accessOf(holder('key', 'a', settings), team), llm)
  let waited = 0
  for (let count = 0; count < 50; count += 1) {
    const admitted = gate?.admit(ask({ nano: 20_000, tokens: 2_000 }))
    if (admitted instanceof Promise) waited += 1
    const admission = await admitted
    admission?.settle({ tokens: 100, nano: 1_000, wasSent: true })
    clock.unixMs += 900
    // What is asked for in the background comes between two requests.
    await nextTurn()
    await until(() => pending === 0)
    await replica.counters.tell()
  }
  expect(waited).toBeLessThan(10)
  // One each second, about all six counters at once, and what was asked for ahead.
  expect(exchanges).toBeLessThan(110)
})

describe('ten thousand keys', () => {
  test('are told of only while they are used, and what they have used is remembered', async () => {
    const clock = { unixMs: Date.parse('2026-05-05T12:00:00Z') }
    const replica = createReplica({ clock })
    const gates = gatesOf(replica, () => clock.unixMs)
    const settings = { requestsPerMinute: 100, requestsPerDay: 10, budgets: [{ nano: 1000 }] }
    const accesses = Array.from({ length: 40 }, (_, index) =>
      accessOf(holder('key', `k${index}`, settings)),
    )
    for (const access of accesses)
      (await admit(gates.of(access, llm), { nano: 100 })).settle({ ...sent, nano: 60 })
    expect(replica.counters.awake).toBe(120)
    await until(async () => {
      clock.unixMs += 10_000
      await replica.counters.tell()
      return replica.counters.awake === 0
    })
    clock.unixMs += 400_000
    gates.tidy()
    expect(gates.limits()).toEqual([])
    const again = gates.of(accesses[7], llm)
    ;(await admit(again, { nano: 940 })).settle({ ...sent, nano: 0 })
    expect((await refusal(again, { nano: 941 })).message).toContain('Current cost: 0.00000006')
    await replica.counters.tell()
    expect(await row('caller:key:k7:requests:day')).toMatchObject({ spent: 2, excess: 0 })
    const owners = await database().query('select count(*)::int as n from colonnade.counter_owners')
    expect(owners).toEqual([{ n: 1 }])
  })
})
