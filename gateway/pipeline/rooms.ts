import type { FastifyBaseLogger } from 'fastify'
import type { Dispatcher } from 'undici'

import type { Module } from '../../modules/module.ts'
import type { AdmissionJournal } from '../accounting/admission-journal.ts'
import type { PricingAsk } from '../accounting/create-pricing.ts'
import type { Pricing } from '../accounting/pricing.ts'
import type { Holder, KeyAccess } from '../auth/access.ts'
import type { Customer } from '../auth/read-customer.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { CallerGate } from '../limits/caller-gate.ts'
import type { Credentials } from '../providers/credentials.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { RetryBudget } from '../routing/retry-budget.ts'
import type { FetchAsk, FileFetch } from '../upstream/fetch-file.ts'
import type { RunningCalls } from '../upstream/running-calls.ts'
import type { Exchange } from './exchange.ts'
import type { ResponseRoom } from './kept-responses.ts'

/** What the pipeline is handed; only `app.ts` knows what stands behind it. */
export interface Rooms {
  /** The connection pool of an origin and a connect timeout. */
  readonly pool: (origin: string, connectMs?: number) => Dispatcher
  /** What a call carries in place of a key; at once while a token is good. */
  readonly tokenFor: (credentials: Credentials) => readonly string[] | Promise<readonly string[]>
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Unix milliseconds. */
  readonly wallClock: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Counts an exchange that begins. */
  readonly begin: () => void
  /** Records an exchange that is over: rows and metrics. */
  readonly settle: (exchange: Exchange) => void
  /** Counts an exchange that was refused at the door, before anything was read; it leaves no row. */
  readonly refuse: (exchange: Exchange) => void
  /** Counts one attempt by its outcome: `ok` or an error code. */
  readonly countAttempt: (
    exchange: Exchange,
    deployment: Deployment,
    outcome: string,
    status: number,
  ) => void
  /** How many retries all exchanges together may still make. */
  readonly retryBudget: RetryBudget
  /** Counts a retry of a group, made or forbidden by the budget. */
  readonly countRetry: (group: string, isAllowed: boolean) => void
  /** Counts another group that was tried in place of one that failed, and whether it answered. */
  readonly countFallback: (exchange: Exchange, fallback: Fallback) => void
  /** The limits of a virtual key, or of everybody else, on a module; undefined: nothing limits them. */
  readonly callerGate: (
    access: KeyAccess | undefined,
    module: Module,
    customer?: Holder,
  ) => CallerGate | undefined
  /** Whom a caller serves, where somebody blocks or limits it. */
  readonly findCustomer: (id: string) => Customer | undefined
  /** Where it is written down what requests hold of those limits. */
  readonly journal: AdmissionJournal
  /** Each call that is under way; ended when a deadline cuts the process short. */
  readonly running: RunningCalls
  /** What the models of somebody's service cost. */
  readonly pricingOf: (ask: PricingAsk) => Pricing
  /** What fetches a file from an address that a caller wrote. */
  readonly loadFetch: () => Promise<(ask: FetchAsk) => FileFetch>
  /** Keeps a picture for an hour; the id stands in its address. */
  readonly saveImage: (image: { bytes: Buffer; contentType: string }) => Promise<string>
  /** Responses that callers may go on from. */
  readonly responses: ResponseRoom
  /** `http://host:port` for links handed out; undefined: by the request's Host. */
  readonly publicUrl: string | undefined
  readonly log: FastifyBaseLogger
}

export interface Fallback {
  /** The group tried instead. */
  readonly to: string
  readonly because: GatewayError
  /** The last deployment that was tried before. */
  readonly failed: Deployment | undefined
  readonly isAnswered: boolean
}
