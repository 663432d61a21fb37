import { describe, expect, test } from 'vitest'

import { Gates } from '../../../gateway/limits/create-gates.ts'
import type { Gate, GateAdmission } from '../../../gateway/limits/gate.ts'
import { SlotBook } from '../../../gateway/limits/slot-book.ts'
import type { Quota } from '../../../modules/module.ts'
import { readModule } from '../../../modules/read-module.ts'
import { setUpLedger } from './set-up-ledger.ts'

const { createReplica } = setUpLedger()

const minute = 60_000
const hour = 60 * minute
const pacific = { minuteOfDay: 0, timeZone: 'America/Los_Angeles' }

const router = (() => {
  const { module } = readModule('model_list: []', { file: 'm.yaml', environment: () => undefined })
  if (!module) throw new Error('no module')
  return module.router
})()

interface Clock {
  unixMs: number
}

/** The gate of the one free deployment, as one of several gateways has it. */
function createGate(clock: Clock, quotas: readonly Quota[]) {
  const replica = createReplica({ clock })
  const gates = new Gates({
    openCounters: () => replica.counters,
    openSlots: () => new SlotBook(replica.now),
    now: replica.now,
  })
  const params = {
    model: 'm',
    additionalDropParams: [],
    extraHeaders: {},
    extraBody: {},
    defaults: {},
    quotas,
  }
  const gate = gates.gate({
    id: 'free',
    params,
    router,
    areRatesLimits: false,
    isUseCounted: false,
  })
  if (!gate) throw new Error('no gate')
  return { gate, replica }
}

async function enter(gate: Gate, clock: Clock): Promise<GateAdmission | undefined> {
  // As a decision does: what is used up is not asked.
  if (gate.facts(clock.unixMs).quotaMs > 0) return undefined
  const entry = gate.admit({ flow: 'f', tokens: 10, patienceMs: 5_000 }, clock.unixMs)
  return 'admitted' in entry ? entry.admitted : entry
}

/** When the free deployment was sent something; all other calls were paid for. */
class Traffic {
  readonly clock: Clock
  readonly gates: readonly Gate[]
  readonly free: number[] = []
  paid = 0

  constructor(clock: Clock, gates: readonly Gate[]) {
    this.clock = clock
    this.gates = gates
  }

  /** So many calls at once, by turns to each gateway. */
  async call(calls: number): Promise<void> {
    const turns = Array.from({ length: calls }, (_, turn) => this.gates[turn % this.gates.length])
    await Promise.all(
      turns.map(async (gate) => {
        const admission = gate && (await enter(gate, this.clock))
        if (!admission) this.paid += 1
        else this.free.push(this.clock.unixMs)
        admission?.end(10, true)
      }),
    )
  }

  within(startMs: number, endMs: number): number {
    return this.free.filter((at) => at >= startMs && at < endMs).length
  }
}

describe('two gateways on one ledger', () => {
  test.each([
    ['a common day', '2026-06-10T07:00:00Z', 24],
    ['the day clocks are put forward', '2026-03-08T08:00:00Z', 23],
    ['the day clocks are put back', '2026-11-01T07:00:00Z', 25],
  ])('send exactly what is free on %s, and pay only after that', async (_, start, hours) => {
    const clock = { unixMs: Date.parse(start) }
    const quota: Quota = { unit: 'requests', amount: 100, per: 'day', resets: pacific }
    const replicas = [createGate(clock, [quota]), createGate(clock, [quota])]
    const traffic = new Traffic(
      clock,
      replicas.map(({ gate }) => gate),
    )
    for (let passed = 0; passed < hours; passed += 1) {
      await traffic.call(7)
      for (const { replica } of replicas) await replica.counters.tell()
      clock.unixMs += hour
    }
    expect([traffic.free.length, traffic.paid]).toEqual([100, 7 * hours - 100])
    // The next day begins now and not an hour sooner or later.
    await traffic.call(10)
    expect(traffic.free.length).toBe(110)
  })

  test('have no more than a rolling quota in any minute, wherever it begins', async () => {
    const clock = { unixMs: Date.parse('2026-06-10T07:00:30Z') }
    const quota: Quota = { unit: 'requests', amount: 20, per: 'minute', resets: 'rolling' }
    const replicas = [createGate(clock, [quota]), createGate(clock, [quota])]
    const traffic = new Traffic(
      clock,
      replicas.map(({ gate }) => gate),
    )
    for (let step = 0; step < 60; step += 1) {
      await traffic.call(1 + (step % 4))
      for (const { replica } of replicas) await replica.counters.tell()
      clock.unixMs += 5_300
    }
    const most = Math.max(...traffic.free.map((from) => traffic.within(from, from + minute)))
    expect(most).toBeLessThanOrEqual(20)
    // 318 seconds hold five whole minutes.
    expect(traffic.free.length).toBeGreaterThan(85)
  })

  test('keep a minute and a day at once', async () => {
    const clock = { unixMs: Date.parse('2026-06-10T07:00:00Z') }
    const quotas: Quota[] = [
      { unit: 'requests', amount: 10, per: 'minute', resets: 'rolling' },
      { unit: 'requests', amount: 35, per: 'day', resets: pacific },
    ]
    const replicas = [createGate(clock, quotas), createGate(clock, quotas)]
    const traffic = new Traffic(
      clock,
      replicas.map(({ gate }) => gate),
    )
    const eachMinute: number[] = []
    for (let passed = 0; passed < 6; passed += 1) {
      const before = traffic.free.length
      await traffic.call(16)
      eachMinute.push(traffic.free.length - before)
      for (const { replica } of replicas) await replica.counters.tell()
      clock.unixMs += minute + 1_500
    }
    expect(eachMinute).toEqual([10, 10, 10, 5, 0, 0])
  })
})

test('what an upstream says to one gateway, the other one knows', async () => {
  const clock = { unixMs: Date.parse('2026-06-10T20:00:00Z') }
  const quota: Quota = { unit: 'requests', amount: 100, per: 'day', resets: pacific }
  const [one, other] = [createGate(clock, [quota]), createGate(clock, [quota])]
  await new Traffic(clock, [one.gate, other.gate]).call(4)
  one.gate.learn({ requests: { per: 'day', remaining: 0 } }, clock.unixMs)
  for (let turn = 0; turn < 3; turn += 1) {
    await one.replica.counters.tell()
    await other.replica.counters.tell()
    clock.unixMs += 1_000
  }
  expect(await enter(other.gate, clock)).toBeUndefined()
  expect(other.gate.facts(clock.unixMs).quotaMs).toBeGreaterThan(10 * hour)
  clock.unixMs = Date.parse('2026-06-11T07:00:00Z')
  expect(await enter(other.gate, clock)).toBeDefined()
})

test('a gateway that comes back finds what it and others used', async () => {
  const clock = { unixMs: Date.parse('2026-06-10T20:00:00Z') }
  const quota: Quota = { unit: 'requests', amount: 30, per: 'day', resets: pacific }
  const before = createGate(clock, [quota])
  await new Traffic(clock, [before.gate]).call(20)
  await before.replica.counters.close(1_000)
  const traffic = new Traffic(clock, [createGate(clock, [quota]).gate])
  await traffic.call(20)
  expect([traffic.free.length, traffic.paid]).toEqual([10, 10])
})
