import cluster from 'node:cluster'
import { pino } from 'pino'

import { runGateway, StartError, type RunningGateway } from './run.ts'
import { readSettings, SettingsError, type Settings } from './settings.ts'
import { alone, createColleagues, onToldToShutDown, reportStarted, runCrew } from './workers.ts'

const settings = readSettingsOrExit()
if (settings.workers > 1 && cluster.isPrimary) lead(settings)
else await work(settings)

/** The first of several processes: serves nothing itself, so that it can always carry a message. */
function lead({ workers, isParentWatched }: Settings): void {
  const crew = runCrew(workers, (code) => process.exit(code || 1))
  onEnd(isParentWatched, () => void crew.shutDown().then(() => process.exit(0)))
}

async function work(own: Settings): Promise<void> {
  const log = pino({ level: own.logLevel, base: { module: own.moduleName ?? 'gateway' } })
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
    onEnd(own.isParentWatched, end)
  }
  try {
    gateway = await runGateway({ settings: own, environment: process.env, log, colleagues })
    if (cluster.isWorker) reportStarted()
  } catch (thrown) {
    exitWith(thrown, own)
  }
}

function onEnd(isParentWatched: boolean, end: () => void): void {
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  if (isParentWatched) process.on('disconnect', end)
}

function exitWith(thrown: unknown, { port, host }: Settings): never {
  if (thrown instanceof StartError) exit(thrown.message)
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE') {
    exit(
      `port ${port} on ${host} is in use by another program; set PORT (or METRICS_PORT) to a free one`,
    )
  }
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES')
    exit(`port ${port} may not be opened`)
  throw thrown
}

function exit(message: string): never {
  process.stderr.write(`colonnade: ${message}\n`)
  process.exit(1)
}

function readSettingsOrExit(): Settings {
  try {
    return readSettings(process.env)
  } catch (thrown) {
    if (thrown instanceof SettingsError) exit(thrown.message)
    throw thrown
  }
}
