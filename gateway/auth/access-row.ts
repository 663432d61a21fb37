/** A key as it stands in storage, with all that its rights and limits hang on. `settings` are by LiteLLM's names. */
export interface AccessRow {
  readonly id: string
  readonly name: string
  readonly alias: string | null
  readonly isBlocked: boolean
  /** Unix milliseconds. */
  readonly expiresAtMs: number | null
  readonly settings: unknown
  readonly budget: BudgetRow | null
  readonly user: OwnerRow | null
  readonly team: Omit<OwnerRow, 'role'> | null
  readonly member: { readonly settings: unknown; readonly budget: BudgetRow | null } | null
  /** Teams whose admin the key's user is. */
  readonly adminOf: readonly string[]
}

/** Settings that lie under somebody's own. */
interface BudgetRow {
  readonly id: string
  readonly settings: unknown
}

export interface OwnerRow {
  readonly id: string
  readonly alias: string | null
  readonly isBlocked: boolean
  readonly settings: unknown
  readonly role: string
}
