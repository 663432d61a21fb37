import type { ChangeNotices } from './access-book.ts'
import { readCustomer, type Customer, type CustomerLimitsRow } from './read-customer.ts'

/** Where customers stand. */
export interface CustomerSource {
  /** Those of these ids, or all, who are blocked or limited. Rejects while the database is away. */
  findLimited(ids: readonly string[] | undefined): Promise<readonly CustomerLimitsRow[]>
  /** Which database is at hand; undefined: none just now. */
  readonly place: string | undefined
}

export interface CustomerBookParts {
  readonly source: CustomerSource
  readonly notices: Pick<ChangeNotices, 'listen'>
  readonly log: { warn(fields: object, message: string): void }
}

const tendEveryMs = 250

/**
 * The customers whom somebody blocks or limits, all in memory: callers may invent names of others, which must cost
 * nothing. A change is heard of within a second; while the database is away what was known goes on.
 */
export class CustomerBook {
  readonly #parts: CustomerBookParts
  #customers = new Map<string, Customer>()
  #timeZone = 'UTC'
  /** To be read again; undefined: nothing, `all`: everybody. */
  #due: Set<string> | 'all' = 'all'
  #isReading = false
  #place: string | undefined
  #timer: NodeJS.Timeout | undefined
  #stopListening: (() => void) | undefined

  constructor(parts: CustomerBookParts) {
    this.#parts = parts
  }

  /** Reads them, and listens for changes from now on. */
  open({ timeZone }: { readonly timeZone: string }): void {
    if (timeZone !== this.#timeZone) this.#due = 'all'
    this.#timeZone = timeZone
    if (this.#timer) return
    this.#stopListening = this.#parts.notices.listen(
      'access',
      (payload) => this.#hear(payload),
      () => {
        this.#due = 'all'
      },
    )
    this.#timer = setInterval(() => this.#tend(), tendEveryMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stopListening?.()
  }

  /** Undefined: nobody limits it, or there is none of this name. */
  find(id: string): Customer | undefined {
    return this.#customers.get(id)
  }

  #hear(payload: string): void {
    const at = payload.indexOf(' ')
    const [table, id] = [payload.slice(0, at), payload.slice(at + 1)]
    if (this.#due === 'all') return
    if (table === 'customers') this.#due.add(id)
    if (table !== 'budgets') return
    for (const [customer, { budgetId }] of this.#customers)
      if (budgetId === id) this.#due.add(customer)
  }

  #tend(): void {
    const { place } = this.#parts.source
    if (place !== undefined && place !== this.#place) {
      this.#place = place
      this.#due = 'all'
    }
    const isDue = this.#due === 'all' || this.#due.size > 0
    if (isDue && !this.#isReading && place !== undefined) void this.#read()
  }

  async #read(): Promise<void> {
    const due = this.#due
    this.#due = new Set()
    this.#isReading = true
    try {
      const ids = due === 'all' ? undefined : [...due]
      const rows = await this.#parts.source.findLimited(ids)
      const found = new Map(rows.map((row) => [row.id, readCustomer(row, this.#timeZone)]))
      if (due === 'all') this.#customers = found
      else for (const id of due) this.#set(id, found.get(id))
    } catch (error) {
      this.#due = 'all'
      const reason = error instanceof Error ? error.message : 'unknown'
      this.#parts.log.warn({ reason }, 'customers and their limits could not be read; asked again')
    } finally {
      this.#isReading = false
    }
  }

  #set(id: string, customer: Customer | undefined): void {
    if (customer) this.#customers.set(id, customer)
    else this.#customers.delete(id)
  }
}
