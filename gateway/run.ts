import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { AggregatorRegistry } from 'prom-client'

import { createPricing } from './accounting/create-pricing.ts'
import { PriceBook } from './accounting/price-book.ts'
import { settle, type Ledger } from './accounting/settle.ts'
import { createApp, createMetricsApp } from './app.ts'
import { AccessBook } from './auth/access-book.ts'
import { CustomerBook } from './auth/customer-book.ts'
import { Configuration, mayStillCome } from './configuration.ts'
import type { Answers, Gateway, Question } from './endpoints/gateway.ts'
import { GatewayError } from './errors/gateway-error.ts'
import { reportHealth } from './endpoints/health-report.ts'
import { CallerGates } from './limits/caller-gates.ts'
import { createCounters, type RunningCounters } from './limits/counters.ts'
import { Gates } from './limits/create-gates.ts'
import { firstLedger } from './limits/desk-ledger.ts'
import { SlotBook } from './limits/slot-book.ts'
import { SlotLeases } from './limits/slot-leases.ts'
import type { SlotLedger } from './limits/slot-ledger.ts'
import type { Rooms } from './pipeline/rooms.ts'
import { RetryBudget } from './routing/retry-budget.ts'
import { StartError, type Settings } from './settings.ts'
import { describeConfiguration, describeReadiness } from './status.ts'
import { createStorage, type Storage } from './storage/storage.ts'
import { SaltCheck } from './salt-check.ts'
import { StoredConfiguration } from './stored-configuration.ts'
import { ExchangeRows } from './telemetry/exchange-rows.ts'
import { explanationRow, isInUsage } from './telemetry/explanation.ts'
import { gaugesOf } from './telemetry/gauges.ts'
import { RecentExchanges } from './telemetry/recent-exchanges.ts'
import { createRegistry } from './telemetry/registry.ts'
import { fetchFile } from './upstream/fetch-file.ts'
import { Pools } from './upstream/pools.ts'
import { TokenCache } from './upstream/token-cache.ts'
import { RunningCalls } from './upstream/running-calls.ts'

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

const hourMs = 3_600_000
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
    keepSpendMs: () => configuration.serving?.module.general.spendLogRetentionMs,
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
  const slotLedger = firstLedger(storage.slots, colleagues.slots)
  const callerSlotLedger = firstLedger(storage.callerSlots, colleagues.slots)
  let counters: RunningCounters | undefined
  // One process is one owner of leases.
  const openCounters = () =>
    (counters ??= createCounters({
      ledger: storage.counterLedger,
      now,
      wallClock: () => Date.now(),
      log,
    }))
  // What callers may have at once is never more, unless the module says so.
  const isStrict = () => configuration.serving?.module.general.onDatabaseOutage !== 'allow'
  const callers = new CallerGates({
    openCounters,
    openSlots: () => new SlotBook(now, new SlotLeases(callerSlotLedger, now, log, isStrict)),
    now,
    wallClock: () => Date.now(),
    log,
  })
  const gates = new Gates({
    openCounters,
    openSlots: () => new SlotBook(now, new SlotLeases(slotLedger, now, log)),
    now,
  })
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
  const metricsApp = settings.metricsPort === undefined ? undefined : createMetricsApp(gateway)
  if (metricsApp && settings.metricsPort !== undefined) {
    const at = await metricsApp.listen({ host: settings.host, port: settings.metricsPort })
    log.info(`metrics on ${at}/metrics`)
  }
  configuration.onServing(({ keyring, module, router: { deployments } }) => {
    if (keyring.virtual) {
      access.open(module.general)
      customers.open(module.general)
    }
    pools.keepOnly(new Set(deployments.map(({ origin }) => origin)))
    gates.keepOnly(new Set(deployments.map(({ id }) => id)))
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
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : settings.port
  return {
    port,
    async shutDown() {
      state.isDraining = true
      await delay(settings.shutdownDelayMs)
      state.isClosing = true
      configuration.close()
      access.close()
      customers.close()
      stored.close()
      await finish(app, rooms, settings.shutdownTimeoutMs)
      await metricsApp?.close()
      await pools.destroy()
      // What is leased goes back while the database is still at hand.
      await Promise.all([callers.close(), gates.close(flushMs)])
      await counters?.close(flushMs)
      await storage.close({ deadlineMs: flushMs, isTold: counters?.isTold ?? true })
    },
  }
}

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

function createRooms(parts: RoomParts): Rooms {
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
    fetchFile: (ask) => fetchFile(ask, addressesOf),
    saveImage: (image) => storage.saveImage(image, hourMs),
    responses: storage.responses,
    publicUrl: settings.publicUrl,
    log,
  }
}

interface GatewayParts {
  readonly options: RunOptions
  readonly configuration: Configuration
  readonly storage: Storage
  readonly stored: StoredConfiguration
  readonly salt: SaltCheck
  readonly access: AccessBook
  readonly callers: CallerGates
  readonly rooms: Rooms
  readonly rows: ExchangeRows
  readonly recent: RecentExchanges
  readonly state: { isDraining: boolean; isClosing: boolean }
}

function createGateway({
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
}: GatewayParts): Gateway {
  const { settings, colleagues } = options
  const moduleName = () => settings.moduleName ?? configuration.serving?.module.name ?? 'gateway'
  const registry = createRegistry(
    moduleName(),
    rows,
    gaugesOf({ configuration, storage, access, callers, rows, rooms }),
  )
  // Without MODULE the name stands in the document, which is read later and may change.
  configuration.onServing(() => registry.setDefaultLabels({ module: moduleName() }))
  const answer = async <Q extends Question>(question: Q, about = ''): Promise<Answers[Q]> => {
    const answers: { [K in Question]: () => Answers[K] | Promise<Answers[K]> } = {
      health: () => reportHealth(configuration.serving, rooms.now()),
      config: () => describeConfiguration(configuration, colleagues.worker),
      metrics: () => registry.getMetricsAsJSON(),
      explain: () => explainRecent(about),
    }
    return answers[question]()
  }
  colleagues.onAsked(answer)
  const explainRecent = (id: string) => recent.explain(id, rooms.now() - hourMs) ?? null
  const askAll = async <Q extends Question>(question: Q) => [
    await answer(question),
    ...(await colleagues.askOthers(question)),
  ]
  return {
    settings,
    configuration,
    rooms,
    storage,
    stored: {
      get saltState() {
        return salt.state
      },
      saltWords: salt.words,
      refresh: () => stored.refresh(),
    },
    get moduleName() {
      return moduleName()
    },
    uploadFolder: join(settings.spoolDir, 'uploads'),
    requireServing() {
      if (state.isClosing) {
        throw new GatewayError('shutting_down', 'This gateway is going down; ask again.', {
          retryAfterSeconds: 1,
        })
      }
      if (configuration.serving) return configuration.serving
      const why = configuration.refusal?.message ?? 'its configuration is being read'
      throw new GatewayError('not_ready', `This gateway does not serve yet: ${why}.`, {
        retryAfterSeconds: 2,
      })
    },
    readiness: () =>
      describeReadiness({
        configuration,
        storage,
        settings,
        salt,
        access,
        isDraining: state.isDraining,
      }),
    askAll,
    async findExplanation(id) {
      const told = [explainRecent(id), ...(await colleagues.askOthers('explain', id))]
      return told.find((one) => one !== null) ?? storage.findExplanation(moduleName(), id)
    },
    async metricsText() {
      const others = await colleagues.askOthers('metrics')
      if (others.length === 0) return registry.metrics()
      return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]).metrics()
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

function addressesOf(host: string) {
  return lookup(host, { all: true })
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
