import { randomUUID } from 'node:crypto'

import type {
  PlacesAsk,
  Renewal,
  RenewOptions,
  SharedPlaces,
  SlotLedger,
  SlotNotice,
} from '../limits/slot-ledger.ts'
import type { Connection } from './connection.ts'
import type { Notices } from './notices.ts'
import {
  addHolder,
  addSlots,
  claimSlots,
  freeSlots,
  readSlotNotice,
  removeEndedHolders,
  removeHolder,
  removeWish,
  renewHolder,
  slotChannel,
} from './slots.ts'

type Pool = NonNullable<Connection['pool']>

/** The places of one module in Postgres, as one process of it sees them. */
export class SlotStore implements SlotLedger {
  readonly #connection: Connection
  readonly #notices: Pick<Notices, 'listen'>
  readonly #module: string
  /** Places whose rows are there, with their totals. */
  readonly #known = new Map<string, number>()
  #listener: ((notice: SlotNotice) => void) | undefined
  #stopListening: (() => void) | undefined
  #owner: string | undefined

  constructor(connection: Connection, notices: Pick<Notices, 'listen'>, module: string) {
    this.#connection = connection
    this.#notices = notices
    this.#module = module
  }

  get state(): SlotLedger['state'] {
    if (!this.#connection.wasConfigured) return undefined
    return this.#connection.pool ? 'reachable' : 'away'
  }

  async renew(places: readonly SharedPlaces[], options: RenewOptions): Promise<Renewal> {
    const own = places.map(({ key, total }) => ({ key: this.#keyOf(key), total }))
    this.#stopListening ??= this.#notices.listen(slotChannel, (payload) => this.#take(payload))
    return this.#try(async (pool) => {
      await this.#addMissing(pool, own)
      const renewal = await this.#renewOrEnter(pool, own, options.leaseMs)
      if (renewal.hasEndedOnes && options.areOthersJudged) {
        await removeEndedHolders(pool, this.#module, options.leaseMs)
      }
      return {
        holders: renewal.holders,
        held: new Map([...renewal.held].map(([key, held]) => [this.#nameOf(key) ?? key, held])),
        wishes: renewal.wishes.flatMap((wish) => this.#translate(wish) ?? []),
      }
    })
  }

  claim(ask: PlacesAsk): Promise<number> {
    return this.#try((pool) => {
      const owner = this.#owner
      if (owner === undefined) throw new Error('this process holds no lease')
      return claimSlots(pool, owner, { ...ask, key: this.#keyOf(ask.key) })
    })
  }

  withdraw(key: string): Promise<void> {
    return this.#try(async (pool) => {
      if (this.#owner !== undefined) await removeWish(pool, this.#owner, this.#keyOf(key))
    })
  }

  giveBack(key: string, count: number): Promise<void> {
    return this.#try(async (pool) => {
      if (this.#owner !== undefined) await freeSlots(pool, this.#owner, this.#keyOf(key), count)
    })
  }

  onNotice(listener: (notice: SlotNotice) => void): void {
    this.#listener = listener
  }

  async close(): Promise<void> {
    this.#stopListening?.()
    const owner = this.#owner
    this.#owner = undefined
    const { pool } = this.#connection
    if (owner !== undefined && pool) await removeHolder(pool, owner).catch(() => undefined)
  }

  #take(payload: string): void {
    const notice = readSlotNotice(payload)
    const own = notice && this.#translate(notice)
    if (own) this.#listener?.(own)
  }

  async #renewOrEnter(pool: Pool, places: readonly SharedPlaces[], leaseMs: number) {
    if (this.#owner !== undefined) {
      const holder = { owner: this.#owner, module: this.#module }
      const renewal = await renewHolder(pool, holder, places, leaseMs)
      if (renewal) return renewal
    }
    // Others counted this process as ended; under a new name it holds nothing that may be another's by now.
    const holder = { owner: randomUUID(), module: this.#module }
    await addHolder(pool, holder, leaseMs)
    this.#owner = holder.owner
    const renewal = await renewHolder(pool, holder, places, leaseMs)
    if (!renewal) throw new Error('a holder of places is gone as soon as it came')
    return renewal
  }

  async #addMissing(pool: Pool, places: readonly SharedPlaces[]): Promise<void> {
    const missing = places.filter(({ key, total }) => (this.#known.get(key) ?? 0) < total)
    if (missing.length === 0) return
    await addSlots(pool, missing)
    for (const { key, total } of missing) this.#known.set(key, total)
  }

  async #try<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const { pool } = this.#connection
    if (!pool) throw new Error('the database is away')
    try {
      const result = await work(pool)
      this.#connection.answered()
      return result
    } catch (error) {
      // Perhaps another database, without the rows of this one.
      this.#known.clear()
      this.#connection.suspect()
      throw error
    }
  }

  // Own notices say nothing new.
  #translate(notice: SlotNotice): SlotNotice | undefined {
    const key = this.#nameOf(notice.key)
    if (key === undefined || (notice.kind === 'wanted' && notice.from === this.#owner)) {
      return undefined
    }
    return { ...notice, key }
  }

  #keyOf(name: string): string {
    return `${this.#module}/${name}`
  }

  #nameOf(key: string): string | undefined {
    const prefix = `${this.#module}/`
    return key.startsWith(prefix) ? key.slice(prefix.length) : undefined
  }
}
