import { lookup } from 'node:dns/promises'
import type { FastifyBaseLogger } from 'fastify'

import { createPricing } from './accounting/create-pricing.ts'
import type { PriceBook } from './accounting/price-book.ts'
import { settle, type Ledger } from './accounting/settle.ts'
import type { CustomerBook } from './auth/customer-book.ts'
import type { CallerGates } from './limits/caller-gates.ts'
import type { Rooms } from './pipeline/rooms.ts'
import { RetryBudget } from './routing/retry-budget.ts'
import type { Settings } from './settings.ts'
import type { Storage } from './storage/storage.ts'
import type { ExchangeRows } from './telemetry/exchange-rows.ts'
import { explanationRow, isInUsage } from './telemetry/explanation.ts'
import type { RecentExchanges } from './telemetry/recent-exchanges.ts'
import type { Pools } from './upstream/pools.ts'
import { RunningCalls } from './upstream/running-calls.ts'
import { TokenCache } from './upstream/token-cache.ts'

const hourMs = 3_600_000

interface RoomParts {
  readonly prices: PriceBook
  readonly callers: CallerGates
  readonly customers: CustomerBook
  readonly pools: Pools
  readonly rows: ExchangeRows
  readonly recent: RecentExchanges
  readonly storage: Storage
  readonly settings: Settings
  readonly log: FastifyBaseLogger
}

/** What the pipeline is handed, each function with what stands behind it. */
export function createRooms(parts: RoomParts): Rooms {
  const { prices, callers, customers, pools, rows, recent, storage, settings, log } = parts
  const now = () => performance.now()
  const tokens = new TokenCache({
    pool: (origin) => pools.of(origin),
    wallClock: () => Date.now(),
  })
  const ledger: Ledger = {
    recordUsage: (row) => storage.recordUsage(row),
    recordCharged: (row, open, shares) => storage.recordCharged(row, open, shares),
    countExchange: (exchange, endedAt) => rows.add(exchange, endedAt),
  }
  return {
    pool: (origin, connectMs) => pools.of(origin, connectMs),
    tokenFor: (credentials) => tokens.headersFor(credentials),
    now,
    wallClock: () => Date.now(),
    random: () => Math.random(),
    begin: () => {
      rows.inFlight += 1
      rows.begun += 1
    },
    settle: (exchange) => {
      rows.inFlight -= 1
      const endedAt = now()
      settle(exchange, endedAt, ledger)
      recent.add(exchange, endedAt)
      if (!isInUsage(exchange)) storage.keepExplanation(() => explanationRow(exchange, endedAt))
    },
    refuse: (exchange) => rows.add(exchange, now()),
    countAttempt: (exchange, deployment, outcome, status) =>
      rows.addAttempt(exchange, deployment, outcome, status),
    retryBudget: new RetryBudget(),
    countRetry: (group, isAllowed) => rows.addRetry(group, isAllowed),
    countFallback: (exchange, fallback) => rows.addFallback(exchange, fallback),
    callerGate: (access, module, customer) => callers.of(access, module, customer),
    findCustomer: (id) => customers.find(id),
    journal: storage.journal,
    running: new RunningCalls(),
    pricingOf: (ask) => createPricing(ask, prices.find),
    loadFetch: async () => {
      const { fetchFile } = await import('./upstream/fetch-file.ts')
      return (ask) => fetchFile(ask, addressesOf)
    },
    saveImage: (image) => storage.saveImage(image, hourMs),
    responses: storage.responses,
    publicUrl: settings.publicUrl,
    log,
  }
}

function addressesOf(host: string) {
  return lookup(host, { all: true })
}
