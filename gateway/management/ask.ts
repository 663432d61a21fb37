import type { Accounts } from '../storage/accounts.ts'
import type { Actor } from './actor.ts'
import type { Query } from './query.ts'

/** One question or wish at a management endpoint, in one transaction. */
export interface Ask {
  readonly actor: Actor
  readonly accounts: Accounts
  readonly query: Query
  readonly body: Readonly<Record<string, unknown>>
  /** The key that stands in the path. */
  readonly pathKey: string | undefined
  readonly house: House
}

/** What of the gateway the operations need to know. */
export interface House {
  /** The token of a key that is to be made. */
  newKeyId(key: string): string
  /** The tokens that a key may have that is given as it is, or as its token. */
  keyIdsOf(key: string): readonly string[]
  /** Throws where there can be no virtual keys. */
  requireKeys(): void
  /** Throws for a key that must not become a virtual one. */
  requireFreeKey(key: string): void
  /** Unix milliseconds. */
  now(): number
  /** Where days, weeks and months begin, for whoever says nothing else. */
  readonly timeZone: string
  /** Models and module names as far as this gateway knows them: other modules have more. */
  readonly modelNames: readonly string[]
  readonly moduleNames: readonly string[]
}

export type Answer = Readonly<Record<string, unknown>> | readonly unknown[]

/** What is said besides the answer, where there is something to say. */
export function withWarnings(
  answer: Readonly<Record<string, unknown>>,
  warnings: readonly (string | undefined)[],
): Readonly<Record<string, unknown>> {
  const said = warnings.filter((warning) => warning !== undefined)
  return said.length === 0 ? answer : { ...answer, warnings: said }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
