/**
 * What one holder (a key, user, team, …) may use. Absent: not limited. Money in billionths of a US dollar.
 * Every amount holds across all modules and replicas together, unless it stands under `ofModules`.
 */
export interface LimitSettings {
  /** In any stretch of a minute. */
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  /** In a calendar day of `timeZone`. */
  readonly requestsPerDay?: number
  readonly tokensPerDay?: number
  /** Requests at once. */
  readonly atOnce?: number
  /** All of them hold. */
  readonly budgets?: readonly Budget[]
  /** Spend from which on its owner is warned. */
  readonly softBudgetNano?: number
}

export interface Budget {
  readonly nano: number
  /** As LiteLLM writes it: `30s`, `12h`, `7d`, `1mo`; absent: for good. */
  readonly duration?: string
}

/** Somebody whose use is limited: what is counted is counted under its kind and id. */
export interface Holder {
  readonly kind: 'key' | 'user' | 'team' | 'member' | 'customer' | 'module'
  /** Stable: a key's id, a team's id; of a member `team/user`. */
  readonly id: string
  /** What people call it, for messages: `key sk-...aB3d`, `team research`. Never a secret. */
  readonly label: string
  /** IANA name, for days, weeks and months: the module's where nothing else is said. */
  readonly timeZone: string
  readonly limits: LimitSettings
  /** By model name or pattern. */
  readonly ofModels: Readonly<Record<string, LimitSettings>>
  readonly ofModules: Readonly<Record<string, LimitSettings>>
}

/** What a key's owner may do with the management endpoints. */
export type AdminRole =
  /** Everything, as the master key. */
  | 'admin'
  /** Reads everything. */
  | 'viewer'
  /** Reads itself and, as a team's admin, manages that team. */
  | 'none'

/** A virtual key as it stands in memory: everything that a request needs to know. Never changed, only replaced. */
export interface KeyAccess {
  /** HMAC of the key, hexadecimal: LiteLLM's `token`. */
  readonly id: string
  /** `sk-...aB3d`. */
  readonly name: string
  readonly alias: string | undefined
  readonly userId: string | undefined
  readonly teamId: string | undefined
  /** What people call the team. */
  readonly teamAlias?: string | undefined
  readonly role: AdminRole
  /** Teams whose admin the key's user is. */
  readonly adminOf: readonly string[]
  /** Unix milliseconds. */
  readonly expiresAtMs: number | undefined
  /** What is blocked, in words for the message: `key`, `team research`; undefined: nothing. */
  readonly blocked: string | undefined
  /** Module names it may be used on; empty: all. */
  readonly modules: readonly string[]
  /** Names, patterns and access groups; a model must stand in each of the lists. An empty list lets all through. */
  readonly modelLists: readonly ModelList[]
  /** LiteLLM's route groups and paths with stars; empty: the model endpoints and reading about itself. */
  readonly routes: readonly string[]
  /** Asked name → the name that is meant. */
  readonly aliases: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  /** Share in a queue, beside 1 of others. */
  readonly queueWeight: number
  /** From the narrowest to the widest: key, member, user, team. The module's own is not among them. */
  readonly holders: readonly Holder[]
}

export interface ModelList {
  /** Whose list it is, for the message: `key`, `team research`. */
  readonly of: string
  readonly models: readonly string[]
}
