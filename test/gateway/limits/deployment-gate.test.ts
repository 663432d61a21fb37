import { afterEach, describe, expect, test } from 'vitest'

import { createCounters } from '../../../gateway/limits/counters.ts'
import { Gates } from '../../../gateway/limits/create-gates.ts'
import type { Gate, GateAdmission, Waiting } from '../../../gateway/limits/gate.ts'
import type { Ledger } from '../../../gateway/limits/ledger.ts'
import { SlotBook } from '../../../gateway/limits/slot-book.ts'
import type { DeploymentParams, Quota } from '../../../modules/module.ts'
import { readModule } from '../../../modules/read-module.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const pacific = { minuteOfDay: 0, timeZone: 'America/Los_Angeles' }

/** The clock of a test: it stands until it is set. */
let clock = 0
let opened: Gates | undefined

afterEach(async () => {
  await opened?.close(0)
})

function createGates(startAt: string, ledger?: Ledger): Gates {
  clock = Date.parse(startAt)
  const now = () => clock
  opened = new Gates({
    openCounters: () => {
      const log = { warn: () => undefined }
      return createCounters({ ledger, now, wallClock: now, log, tellEveryMs: 0 })
    },
    openSlots: () => new SlotBook(now),
    now,
  })
  return opened
}

const router = (() => {
  const { module } = readModule('model_list: []', { file: 'm.yaml', environment: () => undefined })
  if (!module) throw new Error('no module')
  return module.router
})()

function askFor(
  params: Partial<DeploymentParams>,
  more: { areRatesLimits?: boolean; isUseCounted?: boolean } = {},
) {
  const none = {
    model: 'm',
    additionalDropParams: [],
    extraHeaders: {},
    extraBody: {},
    defaults: {},
  }
  return {
    id: 'd',
    params: { ...none, ...params },
    router,
    areRatesLimits: false,
    isUseCounted: false,
    ...more,
  }
}

function gateOf(
  params: Partial<DeploymentParams>,
  { at = '2026-06-01T12:00:00Z', ...more }: Parameters<typeof askFor>[1] & { at?: string } = {},
): Gate {
  const gate = createGates(at).gate(askFor(params, more))
  if (!gate) throw new Error('no gate')
  return gate
}

const quota = (
  unit: Quota['unit'],
  amount: number,
  per: Quota['per'] = 'day',
  resets: Quota['resets'] = pacific,
): Quota => ({ unit, amount, per, resets })

const isWaiting = (entry: GateAdmission | Waiting): entry is Waiting => 'admitted' in entry

async function enter(gate: Gate, tokens = 10): Promise<GateAdmission | undefined> {
  const entry = gate.admit({ flow: 'f', tokens, patienceMs: 1_000 }, clock)
  return isWaiting(entry) ? entry.admitted : entry
}

/** How many calls in a row are let through, each sent. */
async function sent(gate: Gate, calls: number, tokens = 10): Promise<number> {
  let count = 0
  for (let call = 0; call < calls; call += 1) {
    const admission = await enter(gate, tokens)
    if (!admission) continue
    admission.end(tokens, true)
    count += 1
  }
  return count
}

const reported = (gate: Gate) => gate.report(clock).quotas.map(({ remaining }) => remaining)

describe('requests', () => {
  test('as many as are granted are let through, at once', async () => {
    const gate = gateOf({ quotas: [quota('requests', 3)] })
    const entry = gate.admit({ flow: 'f', tokens: 1, patienceMs: 0 }, clock)
    expect(isWaiting(entry)).toBe(false)
    expect(await sent(gate, 5)).toBe(2)
    expect(reported(gate)).toEqual([0])
  })

  test('one that never reached the upstream is given back, one that failed there is not', async () => {
    const gate = gateOf({ quotas: [quota('requests', 2)] })
    ;(await enter(gate))?.end(undefined, false)
    expect(reported(gate)).toEqual([2])
    ;(await enter(gate))?.end(undefined, true)
    expect(reported(gate)).toEqual([1])
  })

  test('an admission ends once', async () => {
    const gate = gateOf({ quotas: [quota('requests', 2)], maxParallelRequests: 1 })
    const admission = await enter(gate)
    admission?.end(5, true)
    admission?.end(undefined, false)
    expect(gate.report(clock)).toMatchObject({ quotas: [{ remaining: 1 }], slots: { free: 1 } })
  })

  test('a used-up quota says until when', async () => {
    const gate = gateOf({ quotas: [quota('requests', 1)] }, { at: '2026-06-01T22:00:00Z' })
    expect(gate.facts(clock).quotaMs).toBe(0)
    await sent(gate, 1)
    // Midnight in California is 07:00 UTC.
    expect(gate.facts(clock).quotaMs).toBe(9 * hour)
    clock += 9 * hour - 1
    expect(await sent(gate, 1)).toBe(0)
    clock += 1
    expect(gate.facts(clock).quotaMs).toBe(0)
    expect(await sent(gate, 2)).toBe(1)
  })
})

describe('resets', () => {
  const californianDays = [
    ['the day clocks are put forward', '2026-03-08T08:00:00Z', 23],
    ['the day clocks are put back', '2026-11-01T07:00:00Z', 25],
  ] as const

  test.each(californianDays)('%s has the same amount as any other', async (_, start, hours) => {
    const gate = gateOf({ quotas: [quota('requests', 50)] }, { at: start })
    const perHour: number[] = []
    for (let passed = 0; passed < hours; passed += 1) {
      perHour.push(await sent(gate, 7))
      clock += hour
    }
    expect(perHour.reduce((sum, one) => sum + one)).toBe(50)
    expect(gate.facts(clock).quotaMs).toBe(0)
    expect(await sent(gate, 60)).toBe(50)
  })

  test('of a rolling quota no stretch of its length ever has more', async () => {
    const gate = gateOf({ quotas: [quota('requests', 10, 'minute', 'rolling')] })
    const times: number[] = []
    for (let step = 0; step < 600; step += 1) {
      if ((await sent(gate, 1)) === 1) times.push(clock)
      clock += 700
    }
    const within = times.map(
      (from) => times.filter((at) => at >= from && at < from + minute).length,
    )
    expect(Math.max(...within)).toBe(10)
    expect(times.length).toBeGreaterThan(60)
  })
})

describe('tokens', () => {
  test('the worst case is held until what was used is known', async () => {
    const gate = gateOf({ quotas: [quota('tokens', 1_000)] })
    const admission = await enter(gate, 800)
    expect(reported(gate)).toEqual([200])
    expect(await enter(gate, 300)).toBeUndefined()
    admission?.end(50, true)
    expect(reported(gate)).toEqual([950])
  })

  test('what nobody counted is the worst case', async () => {
    const gate = gateOf({ quotas: [quota('tokens', 1_000)] })
    ;(await enter(gate, 800))?.end(undefined, true)
    expect(reported(gate)).toEqual([200])
  })

  test('a call that may need more than a whole period has is not let through', async () => {
    const gate = gateOf({ quotas: [quota('tokens', 1_000)] })
    expect(await enter(gate, 1_001)).toBeUndefined()
    expect(gate.facts(clock).quotaMs).toBe(0)
  })

  test('an upstream that used more than could be foreseen leaves less', async () => {
    const gate = gateOf({ quotas: [quota('tokens', 1_000)] })
    ;(await enter(gate, 100))?.end(700, true)
    expect(reported(gate)).toEqual([300])
  })
})

describe('several amounts', () => {
  test('where one refuses, nothing is taken of the others', async () => {
    const gate = gateOf({ quotas: [quota('requests', 10), quota('tokens', 100)] })
    expect(await enter(gate, 500)).toBeUndefined()
    expect(reported(gate)).toEqual([10, 100])
  })

  test('the one that is used up longest says until when', async () => {
    const gate = gateOf({
      quotas: [quota('requests', 1), quota('requests', 1, 'minute', 'rolling')],
    })
    await sent(gate, 1)
    expect(gate.facts(clock).quotaMs).toBeGreaterThan(hour)
  })
})

describe('rates', () => {
  const rates = { rpm: 2, tpm: 1_000 }

  test('rpm and tpm are no limits where the strategy takes them for weights', () => {
    expect(createGates('2026-06-01T12:00:00Z').gate(askFor(rates))).toBeUndefined()
  })

  test('rpm is one where rates are limits', async () => {
    const gate = gateOf(rates, { areRatesLimits: true })
    expect(await sent(gate, 5)).toBe(2)
    expect(gate.facts(clock).quotaMs).toBeGreaterThan(minute - second)
  })

  test('tpm is used up by what calls use and not by the most they might', async () => {
    const gate = gateOf({ tpm: 1_000 }, { areRatesLimits: true })
    for (let call = 0; call < 5; call += 1) (await enter(gate, 100_000))?.end(240, true)
    expect(reported(gate)).toEqual([0])
    expect(await enter(gate, 100_000)).toBeUndefined()
  })

  test('what is used of them shows in what went through in this minute', async () => {
    const gate = gateOf({ rpm: 5, tpm: 1_000 }, { areRatesLimits: true })
    await sent(gate, 2, 100)
    clock += 59_000
    expect(gate.facts(clock)).toMatchObject({ minuteRequests: 2, minuteTokens: 200 })
    clock += 5_000
    expect(gate.facts(clock)).toMatchObject({ minuteRequests: 0, minuteTokens: 0 })
  })

  test('what goes through in a minute is counted where a strategy asks for it', async () => {
    const gate = gateOf({}, { isUseCounted: true })
    await sent(gate, 3, 70)
    expect(gate.facts(clock)).toMatchObject({ quotaMs: 0, minuteRequests: 3, minuteTokens: 210 })
    clock += minute
    expect(gate.facts(clock)).toMatchObject({ minuteRequests: 0, minuteTokens: 0 })
  })
})

describe('places', () => {
  test('who waits for a place uses up no quota, and none is used by one that leaves', async () => {
    const gate = gateOf({
      quotas: [quota('requests', 5)],
      maxParallelRequests: 1,
      queue: { maxWaitMs: 60_000, maxLength: 5 },
    })
    const first = await enter(gate)
    const waiting = gate.admit({ flow: 'f', tokens: 1, patienceMs: 60_000 }, clock)
    if (!isWaiting(waiting)) throw new Error('it should wait')
    expect(gate.report(clock)).toMatchObject({
      quotas: [{ remaining: 4 }],
      slots: { free: 0, queued: 1 },
    })
    waiting.leave()
    expect(await waiting.admitted).toBeUndefined()
    first?.end(1, true)
    expect(gate.report(clock)).toMatchObject({
      quotas: [{ remaining: 4 }],
      slots: { free: 1, queued: 0 },
    })
  })

  test('who gets its place after waiting is told how long, and where it stood', async () => {
    const gate = gateOf({ maxParallelRequests: 1, queue: { maxWaitMs: 60_000, maxLength: 5 } })
    const first = await enter(gate)
    const waiting = enter(gate)
    clock += 250
    first?.end(1, true)
    expect(await waiting).toMatchObject({ queuedMs: 250, queuePosition: 1 })
  })

  test('a quota that is used up meanwhile gives the place to nobody in vain', async () => {
    const gate = gateOf({
      quotas: [quota('requests', 1)],
      maxParallelRequests: 1,
      queue: { maxWaitMs: 60_000, maxLength: 5 },
    })
    const first = await enter(gate)
    const next = enter(gate)
    first?.end(1, true)
    expect(await next).toBeUndefined()
    expect(gate.facts(clock)).toMatchObject({ freeSlots: 1, queued: 0 })
  })
})

test('who leaves while the ledger is asked gives its place back at once', async () => {
  const silent: Ledger = {
    state: () => 'there',
    exchange: () => new Promise(() => undefined),
    sweep: () => Promise.resolve(),
    onRecall: () => () => undefined,
  }
  const params = { quotas: [quota('requests', 5)], maxParallelRequests: 1 }
  const gate = createGates('2026-06-01T12:00:00Z', silent).gate(askFor(params))
  const entry = gate?.admit({ flow: 'f', tokens: 1, patienceMs: 1_000 }, clock)
  if (!gate || !entry || !isWaiting(entry)) throw new Error('it should wait')
  await Promise.resolve()
  expect(gate.facts(clock).freeSlots).toBe(0)
  entry.leave()
  expect(gate.facts(clock).freeSlots).toBe(1)
})

describe('what an upstream tells', () => {
  const both = [quota('requests', 10, 'minute', 'rolling'), quota('requests', 250)]

  test('a refusal for the day uses up the day', async () => {
    const gate = gateOf({ quotas: both }, { at: '2026-06-01T22:00:00Z' })
    gate.learn({ requests: { per: 'day', remaining: 0 } }, clock)
    expect(reported(gate)).toEqual([10, 0])
    expect(gate.facts(clock).quotaMs).toBe(9 * hour)
    expect(await sent(gate, 1)).toBe(0)
    clock += 9 * hour
    expect(await sent(gate, 1)).toBe(1)
  })

  test('a refusal without a period uses up the smallest', () => {
    const gate = gateOf({ quotas: both })
    gate.learn({ requests: { remaining: 0, resetsInMs: 20 * second } }, clock)
    expect(reported(gate)).toEqual([0, 250])
    expect(gate.facts(clock).quotaMs).toBe(20 * second)
    clock += 20 * second
    expect(gate.facts(clock).quotaMs).toBe(0)
    expect(reported(gate)).toEqual([10, 250])
  })

  test('less than we believe is learnt, more is not', () => {
    const gate = gateOf({ quotas: both })
    gate.learn({ requests: { limit: 250, remaining: 100 } }, clock)
    gate.learn({ requests: { limit: 250, remaining: 200 } }, clock)
    expect(reported(gate)).toEqual([10, 100])
  })

  test('tokens are told apart from requests', () => {
    const gate = gateOf({ quotas: [quota('requests', 10), quota('tokens', 1_000)] })
    gate.learn({ tokens: { remaining: 12 } }, clock)
    expect(reported(gate)).toEqual([10, 12])
  })
})

describe('a new document', () => {
  const three = { quotas: [quota('requests', 3)] }

  test('that says the same keeps the gate', () => {
    const gates = createGates('2026-06-01T12:00:00Z')
    expect(gates.gate(askFor(three))).toBe(gates.gate(askFor(three)))
  })

  test('with another amount leaves what was used, used', async () => {
    const gates = createGates('2026-06-01T12:00:00Z')
    const before = gates.gate(askFor(three))
    if (before) await sent(before, 3)
    const after = gates.gate(askFor({ quotas: [quota('requests', 5)] }))
    expect(after && (await sent(after, 5))).toBe(2)
  })

  test('without the limits has no gate', () => {
    const gates = createGates('2026-06-01T12:00:00Z')
    gates.gate(askFor(three))
    expect(gates.gate(askFor({}))).toBeUndefined()
  })
})
