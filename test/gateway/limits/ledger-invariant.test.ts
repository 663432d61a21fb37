import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { CounterSpec, Taken, Window } from '../../../gateway/limits/counter.ts'
import type { Ledger, LedgerAsk } from '../../../gateway/limits/ledger.ts'
import { windowAt } from '../../../gateway/limits/window.ts'
import { setUpLedger, type Replica } from './set-up-ledger.ts'

const { createReplica } = setUpLedger()

const hour: Window = { kind: 'calendar', per: 'hour', minuteOfDay: 0, timeZone: 'UTC' }
const rolling: Window = { kind: 'rolling', periodMs: 3_600_000 }
const half: Window = { kind: 'fixed', periodMs: 1_800_000, timeZone: 'UTC' }
/** As callers' limits are counted: left alone while idle, and leased with something to spare. */
const ofCaller = { mayRest: true, keepsSpare: true }
const amount = 200

const deeds = [
  'take',
  'takeAll',
  'settle',
  'tell',
  'pass',
  'kill',
  'adopt',
  'cut',
  'join',
  'lose',
  'forget',
] as const
const weights = [8, 2, 6, 4, 4, 2, 2, 2, 2, 3, 2]
const step = fc.record({
  deed: fc.oneof(
    ...deeds.map((deed, index) => ({
      weight: weights[index] ?? 1,
      arbitrary: fc.constant<(typeof deeds)[number]>(deed),
    })),
  ),
  which: fc.nat({ max: 50 }),
  amount: fc.integer({ min: 1, max: 60 }),
})

interface Step {
  readonly deed: (typeof deeds)[number]
  readonly which: number
  readonly amount: number
}

interface Use {
  readonly replica: Replica
  readonly at: number
  readonly taken: Taken
  readonly reserved: number
  used: number
  isOver: boolean
}

const faults = ['ask', 'answer', 'again'] as const
type Fault = (typeof faults)[number]

/** A line that loses the next ask, or its answer, or says an old one again. */
function lossy(ledger: Ledger, next: Fault[]): Ledger {
  let last: readonly LedgerAsk[] = []
  return {
    ...ledger,
    async exchange(asks, ttlMs) {
      const fault = next.shift()
      if (fault === 'ask') throw new Error('lost')
      const answers = await ledger.exchange(asks, ttlMs)
      if (fault === 'again') await ledger.exchange(last, ttlMs)
      last = asks
      if (fault === 'answer') throw new Error('lost')
      return answers
    },
  }
}

interface Member {
  readonly replica: Replica
  readonly faults: Fault[]
}

/** Three processes, a clock and a counter, played step by step. */
class World {
  readonly clock = { unixMs: Date.parse('2026-05-05T12:34:56Z') }
  readonly uses: Use[] = []
  readonly spec: CounterSpec
  readonly #all: Replica[] = []
  readonly #members: Member[] = []
  /** Killed, and not adopted yet. */
  readonly #dead: Replica[] = []

  constructor(key: string, window: Window, more: Partial<CounterSpec>) {
    this.spec = { key, amount, window, onOutage: 'deny', ...more }
    this.#members = [0, 1, 2].map(() => this.#create())
  }

  async play({ deed, which, amount: size }: Step): Promise<void> {
    const member = this.#members[which % 3]
    if (!member) return
    const { replica } = member
    const plays: Record<Step['deed'], () => unknown> = {
      take: () => this.#take(replica, size),
      takeAll: () =>
        Promise.all(
          this.#members.flatMap((each) => [
            this.#take(each.replica, size),
            this.#take(each.replica, 3),
          ]),
        ),
      settle: () => this.#settle(which, size),
      tell: () => replica.counters.tell(),
      pass: () => {
        this.clock.unixMs += size * 20_000
      },
      kill: () => {
        replica.kill()
        this.#dead.push(replica)
        // Nobody will ever know more about what was under way.
        for (const use of this.uses) if (use.replica === replica) use.isOver = true
        this.#members[which % 3] = this.#create()
      },
      adopt: () => this.#adopt(this.#dead.splice(which % Math.max(1, this.#dead.length), 1)[0]),
      cut: () => {
        replica.connection.pool = undefined
      },
      join: () => {
        replica.connection.pool = replica.pool
      },
      forget: () => this.#forget(replica, size),
      lose: () => member.faults.push(faults[size % 3] ?? 'ask'),
    }
    await plays[deed]()
  }

  /** Everything is over, adopted and told. */
  async end(): Promise<void> {
    while (this.uses.some(({ isOver }) => !isOver)) this.#settle(0, Infinity)
    for (const dead of this.#dead.splice(0)) await this.#adopt(dead)
    for (const { replica, faults: next } of this.#members) {
      next.splice(0)
      replica.connection.pool = replica.pool
      // What was under way comes to its end; after a failed ask the ledger is left alone for a second.
      for (let turn = 0; turn < 3; turn += 1) {
        await replica.counters.counter(this.spec).asking
        this.clock.unixMs += 1001
        await replica.counters.tell()
      }
    }
  }

  /** What was used in the window that began then. */
  usedIn(startMs: number): number {
    return this.uses
      .filter(({ taken }) => taken.hold.startsAtMs === startMs)
      .reduce((sum, { used }) => sum + used, 0)
  }

  /** As the journal of a killed process says it: what was settled, and all that was held. Told twice. */
  async #adopt(dead: Replica | undefined): Promise<void> {
    if (!dead) return
    const uses = this.uses.filter(({ replica }) => replica === dead)
    const windows = new Map(uses.map(({ taken: { hold } }) => [hold.startsAtMs, hold.window]))
    const owed = [...windows.values()].map(({ key, startMs, amount: whole, shape }) => {
      const used = new Map<number, number>()
      for (const { taken, used: one } of uses) {
        const { startsAtMs, bucketAtMs } = taken.hold
        if (startsAtMs === startMs) used.set(bucketAtMs, (used.get(bucketAtMs) ?? 0) + one)
      }
      const { endsAtMs: ends_at, stepMs: step_ms, keptMs: kept_ms } = shape
      return { key, starts_at: startMs, ends_at, step_ms, kept_ms, amount: whole, used: [...used] }
    })
    for (let time = 0; time < 2; time += 1)
      await dead.pool.query('select colonnade.settle_counters($1, $2, $3, $4)', [
        dead.owner,
        JSON.stringify(owed),
        this.spec.key,
        this.clock.unixMs,
      ])
    const { rows } = await dead.pool.query(
      'select from colonnade.counter_leases where owner = $1',
      [dead.owner],
    )
    expect(rows).toEqual([])
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((replica) => replica.close()))
  }

  /** The most that calls have used, or still may use, in any window. */
  get most(): number {
    const { window } = this.spec
    const within = ({ at }: Use) =>
      window.kind === 'rolling'
        ? this.uses.filter((use) => use.at <= at && use.at > at - window.periodMs)
        : this.uses.filter(
            (use) => windowAt(window, use.at).startMs === windowAt(window, at).startMs,
          )
    return Math.max(
      0,
      ...this.uses.map((use) => within(use).reduce((sum, { used }) => sum + used, 0)),
    )
  }

  #create(): Member {
    const next: Fault[] = []
    const replica = createReplica({
      clock: this.clock,
      isDeaf: true,
      between: (ledger) => lossy(ledger, next),
      pause: async () => {
        for (const { counters } of this.#all) await counters.tell()
      },
    })
    this.#all.push(replica)
    return { replica, faults: next }
  }

  async #take(replica: Replica, wanted: number): Promise<void> {
    const { counters, now } = replica
    const counter = counters.counter(this.spec)
    const taken = counter.tryTake(wanted, now()) ?? (await counter.take(wanted))
    if (taken) {
      const at = this.clock.unixMs
      this.uses.push({ at, taken, reserved: wanted, used: wanted, isOver: false, replica })
    }
  }

  /** All calls end, and nobody wants anything for so long that it is forgotten. */
  async #forget({ counters }: Replica, used: number): Promise<void> {
    while (this.uses.some(({ isOver }) => !isOver)) this.#settle(0, used)
    this.clock.unixMs += 6000
    for (let turn = 0; turn < 3; turn += 1) await counters.tell()
    counters.forget(this.spec.key)
  }

  #settle(which: number, used: number): void {
    const open = this.uses.filter(({ isOver }) => !isOver)
    const use = open[which % Math.max(1, open.length)]
    if (!use) return
    use.isOver = true
    use.used = Math.min(used, use.reserved)
    use.taken.settle(use.used)
  }
}

test.each([
  ['calendar', hour, {}],
  ['rolling', rolling, {}],
  ["caller's", half, ofCaller],
  ["caller's rolling", rolling, ofCaller],
  ['endless', { kind: 'ever' } as const, ofCaller],
])(
  'whatever is taken, settled, lost, cut off, killed or adopted: never more than the amount of a %s window',
  async (name, window, more) => {
    let run = 0
    const enoughAt = performance.now() + 2500
    const { pool } = createReplica()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        if (performance.now() > enoughAt) return
        const world = new World(`${name}${(run += 1)}`, window, more)
        try {
          for (const one of steps) {
            await world.play(one)
            const { rows } = await pool.query(
              `select key, spent, leased, unsettled, excess from colonnade.counters
               where spent + leased + unsettled > amount or excess > 0`,
            )
            expect(rows).toEqual([])
          }
          expect(world.most).toBeLessThanOrEqual(amount)
          await world.end()
          const { rows } = await pool.query<{ start: number; spent: number; held: number }>(
            `select starts_at::float8 as start, (spent + excess)::float8 as spent,
               unsettled::float8 as held from colonnade.counters
             where key like $1 || ' %' and step_ms is null and coalesce(ends_at, $2) >= $2`,
            [world.spec.key, world.clock.unixMs - 3_000_000],
          )
          // What the ledger has is what calls have used, and nothing is held by the dead.
          for (const { start, spent, held } of rows)
            expect([spent, held]).toEqual([world.usedIn(start), 0])
        } finally {
          await world.close()
        }
      }),
      { numRuns: 40, endOnFailure: true },
    )
    expect(run).toBeGreaterThan(2)
  },
)
