import cluster from 'node:cluster'

import { readSettings, StartError, type Settings } from './settings.ts'
import { runCrew } from './workers.ts'

try {
  await main(readSettings(process.env))
} catch (thrown) {
  exitWith(thrown)
}

/** One process serves; of several the first only leads, and loads nothing of what the others need. */
async function main(settings: Settings): Promise<void> {
  const onEnd = (end: () => void): void => {
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
    if (settings.isParentWatched) process.on('disconnect', end)
  }
  if (settings.workers > 1 && cluster.isPrimary) {
    const crew = runCrew(settings.workers, (code) => process.exit(code || 1))
    onEnd(() => void crew.shutDown().then(() => process.exit(0)))
    return
  }
  const { work } = await import('./work.ts')
  await work({ settings, environment: process.env, onEnd })
}

function exitWith(thrown: unknown): never {
  const message = messageOf(thrown)
  if (message === undefined) throw thrown
  process.stderr.write(`colonnade: ${message}\n`)
  process.exit(1)
}

function messageOf(thrown: unknown): string | undefined {
  if (thrown instanceof StartError) return thrown.message
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  const port = 'port' in thrown ? String(thrown.port) : '?'
  if (thrown.code === 'EADDRINUSE') {
    return `port ${port} is in use by another program; set PORT (or METRICS_PORT) to a free one`
  }
  return thrown.code === 'EACCES' ? `port ${port} may not be opened` : undefined
}
