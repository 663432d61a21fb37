import cluster from 'node:cluster'
import { pino } from 'pino'

import { keepTickClass } from './keep-tick-class.ts'
import { runGateway, type RunningGateway } from './run.ts'
import type { Settings } from './settings.ts'
import { alone, createColleagues, onToldToShutDown, reportStarted } from './workers.ts'

export interface WorkOptions {
  readonly settings: Settings
  readonly environment: NodeJS.ProcessEnv
  /** Calls when this process is asked to end. */
  readonly onEnd: (end: () => void) => void
}

/** Serves in this process until it is told to end: a gateway alone, or one worker of several. */
export async function work({ settings, environment, onEnd }: WorkOptions): Promise<void> {
  const log = pino({ level: settings.logLevel, base: { module: settings.moduleName ?? 'gateway' } })
  const colleagues = cluster.isWorker ? createColleagues() : alone
  let gateway: RunningGateway | undefined
  let isEnding = false
  const end = (): void => {
    if (isEnding) return
    isEnding = true
    log.info('shutting down: finishing what runs')
    void (gateway?.shutDown() ?? Promise.resolve()).then(() => process.exit(0))
  }
  if (cluster.isWorker) {
    // A terminal's Ctrl-C reaches every process of its group; the first process tells us when it is time.
    process.on('SIGINT', () => undefined)
    process.on('SIGTERM', end)
    onToldToShutDown(end)
  } else {
    onEnd(end)
  }
  keepTickClass()
  gateway = await runGateway({ settings, environment, log, colleagues })
  if (cluster.isWorker) reportStarted()
}
