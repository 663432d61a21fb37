import { GatewayError } from '../errors/gateway-error.ts'
import type { CounterState } from './counter.ts'
import type { CallerSpec } from './caller-specs.ts'
import { dollarsOf, instantOf, nameOf } from './caller-words.ts'

/** One limit that refuses a request. */
export interface Refused {
  readonly spec: CallerSpec
  /** Whom it limits. */
  readonly of: string
  /** What the request may need of it. */
  readonly need: number
  readonly state: CounterState
  /** What is spent of it, where it is money. */
  readonly used: number
  /** Unix milliseconds. */
  readonly wallMs: number
}

/** The error of a limit that has too little left for a request: LiteLLM's words first, then of whom and until when. */
export function limitReached(refused: Refused): GatewayError {
  const { spec, state } = refused
  const code = spec.unit === 'nano' ? 'budget_exceeded' : 'rate_limit_exceeded'
  const message = spec.unit === 'nano' ? budgetMessage(refused) : rateMessage(refused)
  // What never fits is never worth another try, and what never resets neither.
  const isLater = Number.isFinite(state.resetsInMs) && refused.need <= spec.amount
  return new GatewayError(code, message, {
    ...(isLater && { retryAfterSeconds: Math.max(1, Math.ceil(state.resetsInMs / 1000)) }),
  })
}

function rateMessage(refused: Refused): string {
  const { spec, of, need, state } = refused
  const left = Math.max(0, state.remaining)
  const facts = `Rate limit exceeded for ${of}. Limit type: ${nameOf(spec)}. Current limit: ${spec.amount}, Remaining: ${left}.`
  const advice =
    spec.unit === 'tokens' && left > 0
      ? ` This request may use up to ${grouped(need)} tokens: lower its max_tokens or shorten its prompt.`
      : ''
  return `${facts}${advice}${resetText(refused)}`
}

function budgetMessage(refused: Refused): string {
  const { spec, of, need, used } = refused
  const facts = `Budget has been exceeded! Current cost: ${dollarsOf(used)}, Max budget: ${dollarsOf(spec.amount)}`
  const whose = ` (${of}${spec.per === '' ? '' : `, per ${spec.per}`}).`
  const asked =
    used < spec.amount
      ? ` This request may cost up to ${dollarsOf(need)} beside what runs already: lower its max_tokens or shorten its prompt.`
      : ''
  return `${facts}${whose}${asked}${resetText(refused)}`
}

function resetText({ state, wallMs }: Refused): string {
  if (!Number.isFinite(state.resetsInMs)) return ' It does not reset by itself.'
  return ` Limit resets at: ${instantOf(wallMs + state.resetsInMs)}`
}

/** All of a holder's requests at once are under way. */
export function noPlaceLeft(of: string, total: number): GatewayError {
  return new GatewayError(
    'rate_limit_exceeded',
    `Rate limit exceeded for ${of}. Limit type: parallel requests. Current limit: ${total}, Remaining: 0. A place is free as soon as one of the running requests ends.`,
    { retryAfterSeconds: 1 },
  )
}

const awaySeconds = 5

/** What is leased is used up, and only the ledger could tell whether there is more. */
export function ledgerAway({ spec, of }: Pick<Refused, 'spec' | 'of'>): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    `The database is away, and only it could tell what is left of the ${nameOf(spec)} of ${of}: what this gateway had leased of it is used up. Ask again later.`,
    { retryAfterSeconds: awaySeconds },
  )
}

/** All places that this gateway has are taken, and only the database could tell of others. */
export function placesAway(of: string): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    `The database is away, and only it could tell how many parallel requests of ${of} other gateways have under way: all that this one may have are. Ask again later.`,
    { retryAfterSeconds: awaySeconds },
  )
}

/** Virtual keys are not served without the database, because the module says so. */
export function deniedWhileAway(): GatewayError {
  return new GatewayError(
    'storage_unavailable',
    'The database is away, and this module serves no virtual key without it (on_database_outage: deny). Ask again later.',
    { retryAfterSeconds: awaySeconds },
  )
}

// A number format of the runtime costs each process 8 MB, and a start the time to load them.
function grouped(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
