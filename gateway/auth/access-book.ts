import { GatewayError } from '../errors/gateway-error.ts'
import type { AccessRow } from './access-row.ts'
import { everything, KeyLoader, type FindKeys, type Loaded } from './key-loader.ts'
import type { Caller } from './keyring.ts'
import { KnownKeys, type KnownKey } from './known-keys.ts'
import { readAccess } from './read-access.ts'
import { unknownKey } from './refusals.ts'

/** Where virtual keys stand. */
export interface KeySource {
  readonly find: FindKeys
  /** The ids of keys used or made last. */
  findRecent(most: number): Promise<readonly string[]>
  /** Whether there is any database to look into. */
  readonly isConfigured: boolean
  /** Which database is at hand; undefined: none just now. */
  readonly place: string | undefined
  readonly awayBecause: string | undefined
}

/** How changes are heard of. */
export interface ChangeNotices {
  /** Whether they come through within a second. */
  readonly isAlive: boolean
  readonly mode: 'listening' | 'polling' | 'away'
  listen(channel: string, handler: (payload: string) => void, onMissed: () => void): () => void
}

/** What the module says of virtual keys; it may change. */
export interface BookRules {
  readonly onDatabaseOutage: 'lease' | 'allow' | 'deny'
  readonly maxKeyStalenessMs: number
  readonly timeZone: string
}

export interface BookParts {
  readonly source: KeySource
  readonly notices: ChangeNotices
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Why a key that is not found may be a good one all the same; undefined: it is none. */
  readonly doubt?: () => string | undefined
  readonly mostKeys?: number
}

/** How it stands with virtual keys, for status and metrics. */
export interface BookState {
  readonly known: number
  /** How changes come in; `off`: nobody has opened it. */
  readonly mode: 'off' | ChangeNotices['mode']
}

const mostKeys = 30_000
const preloadedKeys = 1_500
const mostMisses = 10_000
const missMs = 1_000
const tendEveryMs = 250
const batch = 200

/**
 * The virtual keys in memory. A known one is found at once, and is true within a second of any change; an unknown one
 * costs one look-up. While nobody tells of changes, known ones go on for as long as the module says.
 */
export class AccessBook {
  readonly #source: KeySource
  readonly #notices: ChangeNotices
  readonly #now: () => number
  readonly #doubt: () => string | undefined
  readonly #keys: KnownKeys
  readonly #loader: KeyLoader
  /** Keys that do not exist, and until when that is believed. */
  readonly #misses = new Map<string, number>()
  /** Begins anew where changes may have been missed: what was read before must be read again. */
  #era = 0
  #rules: BookRules = { onDatabaseOutage: 'deny', maxKeyStalenessMs: 0, timeZone: 'UTC' }
  #place: string | undefined
  /** When changes came through last. */
  #heardAt = -Infinity
  #isRereading = false
  #isRereadDue = false
  #stopListening: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ source, notices, now, doubt, mostKeys: most = mostKeys }: BookParts) {
    this.#source = source
    this.#notices = notices
    this.#now = now
    this.#doubt = doubt ?? (() => undefined)
    this.#keys = new KnownKeys(most)
    this.#loader = new KeyLoader((ids) => source.find(ids))
  }

  /** Goes by these rules, listens for changes from now on, and reads the keys that are likely to be shown. */
  open(rules: BookRules): void {
    // Windows of limits go by the zone: it stands in what has been read.
    if (rules.timeZone !== this.#rules.timeZone) this.#beginEra()
    this.#rules = rules
    if (this.#timer) return
    this.#stopListening = this.#notices.listen(
      'access',
      (payload) => this.#hear(payload),
      () => this.#beginEra(),
    )
    this.#timer = setInterval(() => this.#tend(), tendEveryMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stopListening?.()
  }

  get state(): BookState {
    return { known: this.#keys.size, mode: this.#timer ? this.#notices.mode : 'off' }
  }

  /**
   * Who shows the key of this digest: at once where it is known and true. Throws or rejects `invalid_api_key`, and
   * `storage_unavailable` where nobody can tell.
   */
  find(id: string): Caller | Promise<Caller> {
    const known = this.#keys.get(id)
    if (known === undefined) return this.#findUnknown(id)
    known.isUsed = true
    if (known.era === this.#era && this.#notices.isAlive) return known.caller
    return this.#findDoubtful(id, known)
  }

  isKnown(id: string): boolean {
    return this.#keys.get(id) !== undefined
  }

  #findUnknown(id: string): Promise<Caller> {
    if (!this.#source.isConfigured) throw unknownKey(noDatabase)
    const missedUntil = this.#misses.get(id)
    if (missedUntil !== undefined && missedUntil > this.#now()) throw this.#notFound()
    if (this.#source.place === undefined) throw this.#cannotTell()
    return this.#lookUp(id)
  }

  /** A key that was good when somebody could last be asked. */
  #findDoubtful(id: string, known: KnownKey): Caller | Promise<Caller> {
    const { onDatabaseOutage } = this.#rules
    const mayGoOn = onDatabaseOutage !== 'deny' && this.#isFresh(known)
    if (this.#source.place === undefined) {
      if (mayGoOn) return known.caller
      throw this.#cannotTell()
    }
    // Nothing is known to have changed: only the line is silent.
    if (mayGoOn && known.era === this.#era) return known.caller
    return this.#lookUp(id).catch((error: unknown) => {
      if (mayGoOn && isAway(error) && this.#keys.get(id) === known) return known.caller
      throw error
    })
  }

  #isFresh({ era, trueAt }: KnownKey): boolean {
    const at = era === this.#era ? Math.max(trueAt, this.#heardAt) : trueAt
    return this.#now() - at <= this.#rules.maxKeyStalenessMs
  }

  async #lookUp(id: string): Promise<Caller> {
    const era = this.#era
    const trueAt = this.#now()
    const caller = this.#take(id, await this.#loader.load(id), { era, trueAt })
    if (caller === undefined) throw this.#notFound()
    return caller
  }

  #take(
    id: string,
    { row, isCurrent }: Loaded,
    read: Pick<KnownKey, 'era' | 'trueAt'>,
  ): Caller | undefined {
    if (row === undefined) {
      this.#keys.delete(id)
      if (isCurrent) this.#noteMiss(id)
      return undefined
    }
    const caller = this.#callerOf(row)
    if (isCurrent) this.#keys.set(row, { caller, ...read })
    return caller
  }

  #callerOf(row: AccessRow): Caller {
    const access = readAccess(row, this.#rules.timeZone)
    return { id: row.id, isMaster: false, access }
  }

  #noteMiss(id: string): void {
    this.#misses.delete(id)
    this.#misses.set(id, this.#now() + missMs)
    if (this.#misses.size <= mostMisses) return
    for (const [oldest] of this.#misses) return void this.#misses.delete(oldest)
  }

  /** A change, as triggers tell it: `<table> <id>`. */
  #hear(payload: string): void {
    const at = payload.indexOf(' ')
    const table = payload.slice(0, at)
    const id = payload.slice(at + 1)
    // What changes in a membership changes what its user may do.
    const name = table === 'members' ? `users ${id}` : payload
    if (table === 'keys') this.#misses.delete(id)
    this.#loader.touch(name)
    // Those that are in use will be asked for again: they are read before that.
    for (const used of this.#keys.deleteAll(name)) {
      this.#lookUp(used).catch(() => undefined)
    }
  }

  /** Changes may have been missed: nothing is believed before it has been read again. */
  #beginEra(): void {
    this.#keys.markTrue(this.#era, this.#heardAt)
    this.#era += 1
    this.#loader.touch(everything)
    this.#misses.clear()
    this.#isRereadDue = true
  }

  #tend(): void {
    const { place } = this.#source
    if (place !== undefined && place !== this.#place) {
      // Another database holds other keys. Of the first nothing was heard before.
      this.#place = place
      this.#beginEra()
    }
    if (!this.#notices.isAlive) return
    // What was read before anybody listened may have changed unheard.
    if (this.#heardAt === -Infinity) this.#beginEra()
    this.#heardAt = this.#now()
    if (this.#isRereadDue && !this.#isRereading && place !== undefined) void this.#reread()
  }

  /** Reads all that is known, and what is likely to be asked for, in the background. */
  async #reread(): Promise<void> {
    this.#isRereading = true
    this.#isRereadDue = false
    try {
      const recent = await this.#source.findRecent(preloadedKeys)
      const ids = [...new Set([...recent, ...this.#keys.ids()])]
      for (let at = 0; at < ids.length; at += batch) {
        const due = ids.slice(at, at + batch).filter((id) => this.#keys.get(id)?.era !== this.#era)
        await Promise.all(due.map((id) => this.#lookUp(id).catch(throwAway)))
      }
    } catch {
      this.#isRereadDue = true
    } finally {
      this.#isRereading = false
    }
  }

  #notFound(): GatewayError {
    const doubt = this.#doubt()
    if (doubt === undefined) return unknownKey()
    return new GatewayError('storage_unavailable', `This key cannot be checked. ${doubt}`)
  }

  #cannotTell(): GatewayError {
    const why = this.#source.awayBecause
    return new GatewayError(
      'storage_unavailable',
      `This key cannot be checked: the database is away${why === undefined ? '' : ` (${why})`}. Ask again.`,
      { retryAfterSeconds: 2 },
    )
  }
}

function isAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'storage_unavailable'
}

// That a key is gone is no reason to stop.
function throwAway(error: unknown): void {
  if (isAway(error)) throw error
}

const noDatabase =
  "Use this module's master key: virtual keys need a database, and DATABASE_URL is not set."
