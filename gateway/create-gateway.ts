import { join } from 'node:path'

import type { AccessBook } from './auth/access-book.ts'
import type { Configuration } from './configuration.ts'
import type { Answers, Gateway, Question } from './endpoints/gateway.ts'
import { reportHealth } from './endpoints/health-report.ts'
import { GatewayError } from './errors/gateway-error.ts'
import type { CallerGates } from './limits/caller-gates.ts'
import type { Rooms } from './pipeline/rooms.ts'
import type { RunOptions } from './run.ts'
import type { SaltCheck } from './salt-check.ts'
import { describeConfiguration, describeReadiness } from './status.ts'
import type { Storage } from './storage/storage.ts'
import type { StoredConfiguration } from './stored-configuration.ts'
import type { ExchangeRows } from './telemetry/exchange-rows.ts'
import type { RecentExchanges } from './telemetry/recent-exchanges.ts'
import type { MetricsRegistry } from './telemetry/registry.ts'

const hourMs = 3_600_000

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

/** What the endpoints are handed; its workers answer for each other. */
export function createGateway({
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
  let scraped: Promise<MetricsRegistry> | undefined
  // What makes series is loaded by the first scrape. Without MODULE the name stands in the document, which may change.
  const metrics = async () => {
    scraped ??= import('./telemetry/registry.ts').then(({ createRegistry }) =>
      createRegistry({ configuration, storage, access, callers, rows, rooms }),
    )
    return (await scraped).under(moduleName())
  }
  // Of several workers each is waited for a moment only.
  if (settings.workers > 1) void metrics().catch(() => undefined)
  const answer = async <Q extends Question>(question: Q, about = ''): Promise<Answers[Q]> => {
    const answers: { [K in Question]: () => Answers[K] | Promise<Answers[K]> } = {
      health: () => reportHealth(configuration.serving, rooms.now()),
      config: () => describeConfiguration(configuration, colleagues.worker),
      metrics: async () => (await metrics()).asJson(),
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
      return (await metrics()).asText(others)
    },
  }
}
