import { GatewayError } from '../errors/gateway-error.ts'
import type { AccessRow } from './access-row.ts'

/** Looks keys up; those that are missing in what it gives do not exist. Rejects with `storage_unavailable`. */
export type FindKeys = (ids: readonly string[]) => Promise<readonly AccessRow[]>

/** Reads keys in batches, each once however many ask for it at the same time, and never what a change has overtaken. */
export class KeyLoader {
  readonly #find: FindKeys
  readonly #asked = new Map<string, Asked>()
  #waiting: Asked[] = []
  readonly #running = new Set<Batch>()

  constructor(find: FindKeys) {
    this.#find = find
  }

  /** The key as it stands now. Rejects with `storage_unavailable`. */
  load(id: string): Promise<Loaded> {
    const known = this.#asked.get(id)
    if (known) return known.answer.promise
    if (this.#waiting.length >= mostWaiting) return Promise.reject(overrun())
    const asked: Asked = { id, rounds: 0, answer: Promise.withResolvers() }
    // Somebody may have asked for it in advance, and look at it later.
    asked.answer.promise.catch(() => undefined)
    this.#asked.set(id, asked)
    this.#enqueue(asked)
    return asked.answer.promise
  }

  /** Tells that something has changed, or everything may have: what is being read may be of before. */
  touch(name: string): void {
    for (const { touched } of this.#running) touched.add(name)
  }

  #enqueue(asked: Asked): void {
    this.#waiting.push(asked)
    // With whoever else asks in this turn of the event loop.
    if (this.#waiting.length === 1) setImmediate(() => this.#start())
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#running.size < mostRunning) {
      const batch = { asked: this.#waiting.splice(0, mostInBatch), touched: new Set<string>() }
      this.#running.add(batch)
      void this.#run(batch).finally(() => {
        this.#running.delete(batch)
        this.#start()
      })
    }
  }

  async #run({ asked, touched }: Batch): Promise<void> {
    try {
      const rows = await this.#find(asked.map(({ id }) => id))
      const found = new Map(rows.map((row) => [row.id, row]))
      for (const one of asked) this.#answer(one, found.get(one.id), touched)
    } catch (error) {
      for (const { id, answer } of asked) {
        this.#asked.delete(id)
        answer.reject(error)
      }
    }
  }

  #answer(asked: Asked, row: AccessRow | undefined, touched: ReadonlySet<string>): void {
    asked.rounds += 1
    const names = row ? dependenciesOf(row) : [`keys ${asked.id}`]
    const isCurrent = !touched.has(everything) && !names.some((name) => touched.has(name))
    if (!isCurrent && asked.rounds < mostRounds) return this.#enqueue(asked)
    this.#asked.delete(asked.id)
    asked.answer.resolve({ row, isCurrent })
  }
}

/** What a look-up has found. */
export interface Loaded {
  /** Undefined: there is no such key. */
  readonly row: AccessRow | undefined
  /** False: it changes faster than it can be read, so this must not be remembered. */
  readonly isCurrent: boolean
}

interface Asked {
  readonly id: string
  rounds: number
  readonly answer: PromiseWithResolvers<Loaded>
}

interface Batch {
  readonly asked: readonly Asked[]
  /** What has changed since it was asked. */
  readonly touched: Set<string>
}

/** Instead of a name: whatever there is. */
export const everything = '*'

const mostInBatch = 500
const mostRunning = 2
const mostWaiting = 10_000
const mostRounds = 5

/** What a key hangs on, as notices name it: a change of any of these is a change of the key. */
export function dependenciesOf({ id, budget, user, team, member }: AccessRow): readonly string[] {
  const names = [`keys ${id}`]
  if (budget) names.push(`budgets ${budget.id}`)
  if (user) names.push(`users ${user.id}`)
  if (team) names.push(`teams ${team.id}`)
  if (member?.budget) names.push(`budgets ${member.budget.id}`)
  return names
}

function overrun(): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    'More unknown keys are shown than can be looked up. Ask again.',
    { retryAfterSeconds: 1 },
  )
}
