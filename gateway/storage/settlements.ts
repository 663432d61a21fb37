import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Pool } from 'pg'
import { settlementSuffix } from './adopt-journal.ts'
import { codeOf } from './error-code.ts'
import type { Log } from './log.ts'
import { inTransaction, timed } from './transaction.ts'

/** Counters of which every use stands in a journal begin so; a lease of theirs that stands in none was not used. */
export const journalledPrefix = 'caller:'
const timeoutMs = 10_000
const windowsAtOnce = 500

/** What dead processes owe the ledger, on disk until it has been told. */
export class Settlements {
  readonly #log: Log
  #files: readonly string[] = []
  #fault: string | undefined

  constructor(log: Log) {
    this.#log = log
  }

  get isEmpty(): boolean {
    return this.#files.length === 0
  }

  /** Takes note of what is in a folder. */
  async find(folder: string): Promise<void> {
    const names = await readdir(folder)
    this.#files = names
      .filter((name) => name.endsWith(settlementSuffix))
      .map((name) => path.join(folder, name))
  }

  /** Tells the ledger. What it does not take now is told again. */
  async tell(pool: Pool): Promise<void> {
    for (const file of this.#files) {
      try {
        await settle(pool, await readFile(file, 'utf8'))
        await rm(file, { force: true })
        this.#files = this.#files.filter((one) => one !== file)
        this.#fault = undefined
      } catch (error) {
        return this.#report(error)
      }
    }
  }

  #report(error: unknown): void {
    const fault = codeOf(error) ?? (error instanceof Error ? error.message : 'unknown')
    if (fault === this.#fault) return
    this.#fault = fault
    this.#log.warn({ reason: fault }, 'what a killed process held of limits is not settled yet')
  }
}

async function settle(pool: Pool, text: string): Promise<void> {
  const { owner, windows } = readSettlement(text)
  let from = 0
  do {
    const some = windows.slice(from, from + windowsAtOnce)
    from += windowsAtOnce
    // What it leased and never used goes back with the last of them.
    const prefix = from >= windows.length ? journalledPrefix : null
    const statement = timed(
      'select colonnade.settle_counters($1, $2, $3)',
      [owner, JSON.stringify(some), prefix],
      timeoutMs,
    )
    await inTransaction(pool, timeoutMs, (client) => client.query(statement))
  } while (from < windows.length)
}

function readSettlement(text: string): { owner: string; windows: readonly unknown[] } {
  const value: unknown = JSON.parse(text)
  const isSettlement =
    typeof value === 'object' && value !== null && 'owner' in value && 'windows' in value
  if (!isSettlement || typeof value.owner !== 'string' || !Array.isArray(value.windows))
    throw new Error('a settlement that cannot be read')
  return { owner: value.owner, windows: value.windows }
}
