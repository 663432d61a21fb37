import type { FastifyBaseLogger } from 'fastify'

import { createPricing } from './accounting/create-pricing.ts'
import { PriceBook } from './accounting/price-book.ts'
import { createApp, createMetricsApp } from './app.ts'
import { AccessBook } from './auth/access-book.ts'
import { CustomerBook } from './auth/customer-book.ts'
import { Configuration, mayStillCome } from './configuration.ts'
import { createGateway } from './create-gateway.ts'
import { createLimits } from './create-limits.ts'
import { createRooms } from './create-rooms.ts'
import type { Answers, Question } from './endpoints/gateway.ts'
import { GatewayError } from './errors/gateway-error.ts'
import { giveBackMemory } from './give-back-memory.ts'
import type { SlotLedger } from './limits/slot-ledger.ts'
import type { Rooms } from './pipeline/rooms.ts'
import { loadTranslations } from './providers/load-translations.ts'
import { StartError, type Settings } from './settings.ts'
import { createStorage } from './storage/storage.ts'
import { SaltCheck } from './salt-check.ts'
import { StoredConfiguration } from './stored-configuration.ts'
import { ExchangeRows } from './telemetry/exchange-rows.ts'
import { RecentExchanges } from './telemetry/recent-exchanges.ts'
import { Pools } from './upstream/pools.ts'

/** How the workers of one gateway reach each other; a gateway alone asks only itself. */
export interface Colleagues {
  readonly worker: number
  /** Shares places among them where no database does. */
  readonly slots?: SlotLedger
  askOthers: <Q extends Question>(question: Q, about?: string) => Promise<Answers[Q][]>
  onAsked(answer: <Q extends Question>(question: Q, about?: string) => Promise<Answers[Q]>): void
}

export interface RunningGateway {
  /** The port that was given where 0 was asked for. */
  readonly port: number
  /** Readiness off, serve on for a moment, finish what runs, flush. Resolves when all is over. */
  shutDown(): Promise<void>
}

export interface RunOptions {
  readonly settings: Settings
  readonly environment: NodeJS.ProcessEnv
  readonly log: FastifyBaseLogger
  readonly colleagues: Colleagues
}

const flushMs = 10_000

/** Starts one gateway: listens first, then reads its configuration and reaches for its database. */
export async function runGateway(options: RunOptions): Promise<RunningGateway> {
  const { settings, environment, log, colleagues } = options
  const prices = new PriceBook()
  const configuration = new Configuration({
    settings,
    environment,
    log,
    findGate: (ask) => gates.gate(ask),
    findPricing: (ask) => createPricing(ask, prices.find),
    keyBook: { find: (id) => access.find(id), isKnown: (id) => access.isKnown(id) },
  })
  const storage = createStorage({
    databaseUrl: () => configuration.databaseUrl,
    spoolDir: settings.spoolDir,
    module: settings.moduleName ?? 'gateway',
    saltId: () => configuration.sealer?.id,
    keepingSpend: () => {
      const module = configuration.serving?.module
      return module && { module: module.name, keepMs: module.general.spendLogRetentionMs }
    },
    log,
  })
  const now = () => performance.now()
  const access = new AccessBook({
    source: storage.access,
    notices: storage.notices,
    now,
    doubt: () => (salt.state === 'changed' ? salt.words : undefined),
  })
  const customers = new CustomerBook({ source: storage.customers, notices: storage.notices, log })
  const limits = createLimits({ storage, deskSlots: colleagues.slots, configuration, log })
  const { callers, gates } = limits
  const pools = new Pools()
  const rows = new ExchangeRows()
  const recent = new RecentExchanges()
  const rooms = createRooms({
    prices,
    callers,
    customers,
    pools,
    rows,
    recent,
    storage,
    settings,
    log,
  })
  const salt = new SaltCheck({ salts: storage.salts, sealer: () => configuration.sealer, log })
  const stored = new StoredConfiguration({ storage, configuration, salt, log })
  const state = { isDraining: false, isClosing: false }
  const gateway = createGateway({
    options,
    configuration,
    storage,
    stored,
    salt,
    access,
    callers,
    rooms,
    rows,
    recent,
    state,
  })
  const app = createApp(gateway, {
    isDraining: () => state.isDraining,
    rootPath: settings.rootPath,
  })
  log.info(`listens on ${await app.listen({ host: settings.host, port: settings.port })}`)
  configuration.onServing(({ keyring, module, router: { deployments } }) => {
    if (keyring.virtual) {
      access.open(module.general)
      customers.open(module.general)
    }
    pools.keepOnly(new Set(deployments.map(({ origin }) => origin)))
    gates.keepOnly(new Set(deployments.map(({ id }) => id)))
    void loadTranslations(new Set(deployments.map(({ provider }) => provider)), module.endpoints)
  })
  configuration.load()
  if (!configuration.serving && !mayStillCome(settings)) {
    access.close()
    customers.close()
    stored.close()
    await app.close()
    await storage.close({ deadlineMs: 0 })
    throw new StartError(configuration.refusal?.message ?? 'there is no configuration')
  }
  configuration.watch()
  const metricsApp = settings.metricsPort === undefined ? undefined : createMetricsApp(gateway)
  if (metricsApp && settings.metricsPort !== undefined) {
    const at = await metricsApp.listen({ host: settings.host, port: settings.metricsPort })
    log.info(`metrics on ${at}/metrics`)
  }
  const stopGivingBack = giveBackMemory({ work: rows })
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : settings.port
  return {
    port,
    async shutDown() {
      state.isDraining = true
      await delay(settings.shutdownDelayMs)
      state.isClosing = true
      stopGivingBack()
      configuration.close()
      access.close()
      customers.close()
      stored.close()
      await finish(app, rooms, settings.shutdownTimeoutMs)
      await metricsApp?.close()
      await pools.destroy()
      const isTold = await limits.close(flushMs)
      await storage.close({ deadlineMs: flushMs, isTold })
    },
  }
}

/** Stops listening, lets exchanges end until the deadline, then ends them with an error their callers can read. */
async function finish(
  app: ReturnType<typeof createApp>,
  rooms: Rooms,
  timeoutMs: number,
): Promise<void> {
  const deadline = setTimeout(() => {
    const error = new GatewayError(
      'shutting_down',
      'This gateway went down before the answer was complete; ask again.',
    )
    rooms.running.failAll(error)
    setTimeout(() => app.server.closeAllConnections(), 1_000).unref()
  }, timeoutMs)
  const idle = setInterval(() => app.server.closeIdleConnections(), 250)
  try {
    await app.close()
  } finally {
    clearTimeout(deadline)
    clearInterval(idle)
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
